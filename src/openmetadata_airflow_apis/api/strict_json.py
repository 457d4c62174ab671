"""JSON that no two readers could understand differently (RFC 8259, sections 4, 6 and 8)."""

from __future__ import annotations

import json
from typing import Any

from openmetadata_airflow_apis.errors import MalformedBody

MAX_DEPTH = 64


def parse(data: bytes) -> Any:
    """Return the value of a JSON document.

    Raises MalformedBody, saying what is wrong where, for what is not JSON and for duplicate keys,
    NaN, numbers beyond a double, lone surrogates, other encodings than UTF-8, and more than 64 levels.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not UTF-8: byte {error.start} cannot be read") from None
    if text.startswith("\ufeff"):
        raise MalformedBody("The body starts with a byte order mark; send plain UTF-8")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise MalformedBody("The body has a number with too many digits; send it as a string") from None
    except RecursionError:
        raise MalformedBody(_TOO_DEEP) from None
    _check_depth_and_text(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedBody(f"The key {json.dumps(twice)} stands twice in one object of the body; keep one of them")
    return members


def _refuse_constant(name: str) -> None:
    raise MalformedBody(f"The body has {name}, which is not JSON; use null or a string")


_TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels"


def _check_depth_and_text(value: Any) -> None:
    level = [value]
    depth = 1
    while level:
        if depth > MAX_DEPTH and any(isinstance(item, (dict, list)) for item in level):
            raise MalformedBody(_TOO_DEEP)
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            else:
                _check_scalar(item)
        level = below
        depth += 1


def _check_scalar(value: Any) -> None:
    if isinstance(value, str) and "\0" in value:
        raise MalformedBody("The body has a NUL (\\u0000) in a string, which no database keeps")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MalformedBody("The body has a lone surrogate (\\ud800 to \\udfff) in a string") from None
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise MalformedBody("The body has a number that is too large for a double")
