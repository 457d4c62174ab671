"""Conditions on datasets as dag-factory has them in a text: `(s3://lake/a & s3://lake/b) | s3://lake/c`."""

from __future__ import annotations

import re
from typing import Any

_SIGNS = frozenset("&|()")
_TOKEN = re.compile(r"\s*([()&|]|[^\s()&|]+)")


def looks_like_condition(text: str) -> bool:
    """Tell a condition from a URI, which may have such signs as well, but with no spaces around them."""
    return text.lstrip().startswith("(") or not _SIGNS.isdisjoint(text.split())


def has_sign(text: str) -> bool:
    """Tell whether a text that has no URIs in it is a condition on names."""
    return not _SIGNS.isdisjoint(text)


def condition_of_text(text: str) -> Any:
    """Return the condition as maps with '__and__' and '__or__', or the one URI that a text is; `&` binds closer.

    Raises ValueError, saying what is wrong, for a text that is no condition.
    """
    tokens = _TOKEN.findall(text.strip())
    if not tokens:
        raise ValueError("is empty")
    condition, rest = _read_or(tokens)
    if rest:
        raise ValueError(f"has '{rest[0]}' where '&' or '|' is wanted")
    return condition


def _read_or(tokens: list[str]) -> tuple[Any, list[str]]:
    return _read_series(tokens, "|", "__or__", _read_and)


def _read_and(tokens: list[str]) -> tuple[Any, list[str]]:
    return _read_series(tokens, "&", "__and__", _read_one)


def _read_series(tokens: list[str], sign: str, mark: str, read_part: Any) -> tuple[Any, list[str]]:
    part, rest = read_part(tokens)
    parts = [part]
    while rest and rest[0] == sign:
        part, rest = read_part(rest[1:])
        parts.append(part)
    return (parts[0] if len(parts) == 1 else {mark: parts}), rest


def _read_one(tokens: list[str]) -> tuple[Any, list[str]]:
    if not tokens or tokens[0] in {"&", "|", ")"}:
        raise ValueError(f"has {repr(tokens[0]) if tokens else 'its end'} where a dataset is wanted")
    if tokens[0] != "(":
        return tokens[0], tokens[1:]
    condition, rest = _read_or(tokens[1:])
    if not rest or rest[0] != ")":
        raise ValueError("has a '(' without its ')'")
    return condition, rest[1:]
