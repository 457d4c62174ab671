"""Parses only JSON that all parsers understand alike (RFC 8259, sections 4, 6 and 8)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.places import join
from openmetadata_airflow_apis.errors import MalformedBody

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 64


def parse(data: bytes, document_name: str = "The body") -> Any:
    """Return the value of a JSON document. document_name: for error messages.

    Raises MalformedBody, with the place, for text that is not JSON, and for duplicate keys, NaN, numbers beyond a
    double, lone surrogates, encodings other than UTF-8, and more than 64 levels.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"{document_name} is not UTF-8: byte {error.start} cannot be read") from None
    if text.startswith("\ufeff"):
        raise MalformedBody(f"{document_name} starts with a byte order mark; send plain UTF-8")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_Constant)
    except json.JSONDecodeError as error:
        reason = error.msg.removesuffix(" at")  # "Unterminated string starting at"
        raise MalformedBody(
            f"{document_name} is not JSON: {reason} at line {error.lineno}, column {error.colno}"
        ) from None
    except ValueError:
        raise MalformedBody(f"{document_name} has a number with too many digits; send it as a string") from None
    except RecursionError:
        raise MalformedBody(f"{document_name} {_TOO_DEEP}") from None
    _check(value, document_name)
    return value


class _WithTwice(dict):  # type: ignore[type-arg]
    """An object in which a key is given twice. twice: that key."""

    twice: str


class _Constant:
    """A constant that Python reads and JSON does not have: NaN, Infinity, -Infinity."""

    def __init__(self, name: str) -> None:
        self.name = name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen_keys: set[str] = set()
        members = _WithTwice(pairs)
        members.twice = next(key for key, _ in pairs if key in seen_keys or seen_keys.add(key))  # type: ignore[func-returns-value]
    return members


_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"


def _check(value: Any, document_name: str) -> None:
    level = [value]
    depth = 1
    while level:
        if depth > MAX_DEPTH and any(isinstance(item, (dict, list)) for item in level):
            raise MalformedBody(f"{document_name} {_TOO_DEEP}")
        below: list[Any] = []
        for item in level:
            if _fault_of(item):
                raise MalformedBody(_sentence(value, document_name))
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
        depth += 1


def _sentence(document: Any, document_name: str) -> str:
    """Return the message for the first fault in a document."""
    path, value = next((path, value) for path, value in _values(document) if _fault_of(value))
    place = join(path) or "/"
    if isinstance(value, _WithTwice):
        return f"The key {json.dumps(value.twice)} stands twice in the object at {place}; keep one of them"
    return f"{document_name} has {_fault_of(value)}, at {place}"


def _values(document: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the path and the value of every value and key in a document, in the document's order."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while pending:
        path, value = pending.pop()
        yield path, value
        if isinstance(value, dict):
            yield from (((*path, key), key) for key in value)
            pending.extend(((*path, key), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            pending.extend(((*path, index), value[index]) for index in reversed(range(len(value))))


def _fault_of(value: Any) -> str | None:
    """Return what is wrong with one value, without looking into it; None if nothing is."""
    if isinstance(value, str):
        if "\0" in value:
            return "a NUL (\\u0000) in a string, which no database keeps"
        if not value.isascii() and _has_lone_surrogate(value):
            return "a lone surrogate (\\ud800 to \\udfff) in a string, which is half a character"
    elif isinstance(value, float):
        return "a number that is too large for a double" if math.isinf(value) else None
    elif isinstance(value, _Constant):
        return f"{value.name}, which is not JSON (use null or a string)"
    elif isinstance(value, _WithTwice):
        return "a key twice"
    return None


def _has_lone_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
