"""Dotted paths of Python names, and which of them a definition may name."""

from __future__ import annotations

import re

_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)


def is_dotted(text: object) -> bool:
    """Tell whether a text is a dotted path of Python names."""
    return isinstance(text, str) and _DOTTED.fullmatch(text) is not None


def is_allowed(name: str, packages: tuple[str, ...], *, always: tuple[str, ...] = ("airflow.",)) -> bool:
    """Tell whether a dotted path leads into a package that definitions may name.

    packages: those that the installation allows. always: what the paths start with that are allowed everywhere.
    """
    if not is_dotted(name):
        return False
    return name.startswith(always) or any(name.startswith(package + ".") for package in packages)
