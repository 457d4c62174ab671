"""How a fault words a value, and which of the known names it suggests: "did you mean"."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a map",
    "string": "a text",
}
_FEW = 6


def closest(word: str, words: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the nearest of the words, or None if none is near. likeness: how near it must be, from 0 to 1."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=likeness)
    return close[0] if close else None


def nearest(word: str, words: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return "; did you mean 'x'?" with the nearest of the words, or "" if none is near."""
    close = closest(word, words, likeness=likeness)
    return f"; did you mean '{close}'?" if close else ""


def nearest_or_all(word: str, words: Iterable[str]) -> str:
    """Return what nearest does if a word is near, else all of the words if they are few: "; there are 'a', 'b'"."""
    distinct_words = list(dict.fromkeys(words))
    if closest(word, distinct_words) or not 0 < len(distinct_words) <= _FEW:
        return nearest(word, distinct_words)
    return f"; there {'is' if len(distinct_words) == 1 else 'are'} {', '.join(map(quoted, distinct_words))}"


def quoted(value: object) -> str:
    """Return a text in quotes and any other value as JSON, cut off if it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if isinstance(value, str) else text


def one_of(types: Iterable[str]) -> str:
    """Return "a text, a list or a map"."""
    names = [_TYPE_NAMES[name] for name in types]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def kind_of(value: object) -> str:
    """Return what a JSON value is, as the beginning of a sentence: "is the text 'x'", "is a list"."""
    if isinstance(value, bool):
        return f"is {quoted(value)}"
    if value is None:
        return "is null"
    if isinstance(value, str):
        return f"is the text {quoted(value)}"
    if isinstance(value, (int, float)):
        return f"is the number {quoted(value)}"
    return "is a list" if isinstance(value, list) else "is a map"
