"""Request bodies: read strictly, then checked against the specification with every fault at once."""

from __future__ import annotations

import functools
import json
from typing import Any, Callable

from connexion.json_schema import Draft4RequestValidator
from flask import current_app, g, request

from openmetadata_airflow_apis.errors import (
    BodyTooLarge,
    Fault,
    InvalidBody,
    MalformedBody,
    UnsupportedMediaType,
)
from openmetadata_airflow_apis.settings import Settings

MAX_DEPTH = 64


def settings() -> Settings:
    """Return the settings that the API was registered with."""
    return current_app.extensions["openmetadata_airflow_apis"].settings


def read_bytes() -> bytes:
    """Return the request's body; raise BodyTooLarge without reading more than the limit."""
    limit = settings().max_body_bytes
    if (request.content_length or 0) > limit:
        raise BodyTooLarge(limit)
    # A chunked body has no length; Airflow's [webserver] allowed_payload_size bounds what is read of it.
    data = request.get_data(cache=True)
    if len(data) > limit:
        raise BodyTooLarge(limit)
    return data


def read_json() -> Any:
    """Return the request's JSON body, or None where there is no body at all.

    Raises UnsupportedMediaType for another content type, BodyTooLarge, and MalformedBody for what
    two JSON readers could understand differently (RFC 8259, section 4 and 8): duplicate keys, NaN,
    lone surrogates, other encodings than UTF-8, more than 64 levels.
    """
    if "json_body" not in g:
        data = read_bytes()
        if not data:
            g.json_body = None
        elif not request.is_json:
            raise UnsupportedMediaType(
                f"The body must be sent with Content-Type: application/json, not '{request.mimetype or 'none'}'"
            )
        else:
            g.json_body = parse(data)
    return g.json_body


def parse(data: bytes) -> Any:
    """Return the value of a JSON document; raise MalformedBody saying what is wrong where."""
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
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedBody(f"The key {json.dumps(twice)} stands twice in one object of the body; keep one of them")
    return found


def _refuse_constant(name: str) -> None:
    raise MalformedBody(f"The body has {name}, which is not JSON; use null or a string")


_TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels"


def _check_depth_and_text(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str) and not item.isascii():
                try:
                    item.encode()
                except UnicodeEncodeError:
                    raise MalformedBody("The body has a lone surrogate (\\ud800 to \\udfff) in a string") from None
            elif isinstance(item, float) and item in (float("inf"), float("-inf")):
                raise MalformedBody("The body has a number that is too large for a double")
        if not below:
            return
        level = below
    raise MalformedBody(_TOO_DEEP)


class BodyValidator:
    """connexion's hook for request bodies: every fault at once, with JSON pointers."""

    def __init__(
        self,
        schema: dict[str, Any],
        consumes: Any,  # noqa: ARG002 - connexion's signature
        api: Any,  # noqa: ARG002
        is_null_value_valid: bool = False,  # noqa: ARG002, FBT001, FBT002
        validator: Any = None,  # noqa: ARG002
        strict_validation: bool = False,  # noqa: ARG002, FBT001, FBT002
        *,
        required: bool = False,
    ) -> None:
        self._validator = Draft4RequestValidator(schema)
        self._required = required

    def __call__(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Wrap the operation: its body is read and checked first."""

        @functools.wraps(function)
        def wrapper(connexion_request: Any) -> Any:
            value = read_json()
            if value is not None or request.content_length:
                check(value, self._validator)
            return function(connexion_request)

        return wrapper


def check(value: Any, validator: Any) -> None:
    """Raise InvalidBody with every fault that the validator finds in value."""
    faults = [
        Fault("".join(f"/{_escape(str(part))}" for part in error.absolute_path), _sentence(error))
        for error in validator.iter_errors(value)
    ]
    if faults:
        raise InvalidBody(sorted(faults))


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _sentence(error: Any) -> str:
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = [key for key in error.instance if key not in known]
        return f"unknown key(s) {', '.join(map(repr, unknown))}; known are {', '.join(known)}"
    return str(error.message)
