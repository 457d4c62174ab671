"""Conditions on datasets as dag-factory has them in a text: `(s3://lake/a & s3://lake/b) | s3://lake/c`."""

from __future__ import annotations

import re
from typing import Any

_SIGNS = frozenset("&|()")
_TOKEN = re.compile(r"\s*([()&|]|[^\s()&|]+)")


def looks_like_condition(text: str) -> bool:
    """Tell whether a text is a condition; a URI may have the same signs, but no spaces around them."""
    return text.lstrip().startswith("(") or not _SIGNS.isdisjoint(text.split())


def has_sign(text: str) -> bool:
    """Tell whether a text that has no URIs in it is a condition on names."""
    return not _SIGNS.isdisjoint(text)


def condition_of_text(text: str) -> Any:
    """Return the condition as maps with '__and__' and '__or__', or the text if it is one URI; `&` binds closer.

    Raises ValueError, saying what is wrong, for a text that is no condition.
    """
    tokens = _TOKEN.findall(text.strip())
    if not tokens:
        raise ValueError("is empty")
    condition, tokens_left = _read_or(tokens)
    if tokens_left:
        raise ValueError(f"has '{tokens_left[0]}' where '&' or '|' is wanted")
    return condition


def _read_or(tokens: list[str]) -> tuple[Any, list[str]]:
    return _read_series(tokens, "|", "__or__", _read_and)


def _read_and(tokens: list[str]) -> tuple[Any, list[str]]:
    return _read_series(tokens, "&", "__and__", _read_one)


def _read_series(tokens: list[str], sign: str, mark: str, read_part: Any) -> tuple[Any, list[str]]:
    part, tokens_left = read_part(tokens)
    parts = [part]
    while tokens_left and tokens_left[0] == sign:
        part, tokens_left = read_part(tokens_left[1:])
        parts.append(part)
    return (parts[0] if len(parts) == 1 else {mark: parts}), tokens_left


def _read_one(tokens: list[str]) -> tuple[Any, list[str]]:
    if not tokens or tokens[0] in {"&", "|", ")"}:
        raise ValueError(f"has {repr(tokens[0]) if tokens else 'its end'} where a dataset is wanted")
    if tokens[0] != "(":
        return tokens[0], tokens[1:]
    condition, tokens_left = _read_or(tokens[1:])
    if not tokens_left or tokens_left[0] != ")":
        raise ValueError("has a '(' without its ')'")
    return condition, tokens_left[1:]
