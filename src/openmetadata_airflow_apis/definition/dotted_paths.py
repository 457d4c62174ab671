"""Dotted paths of Python names."""

from __future__ import annotations

import re

_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)


def is_dotted(text: object) -> bool:
    """Tell whether a text is a dotted path of Python names."""
    return isinstance(text, str) and _DOTTED.fullmatch(text) is not None
