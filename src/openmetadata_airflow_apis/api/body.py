"""Request bodies: read strictly, then checked against the specification with every fault at once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable

from flask import current_app, request
from jsonschema import Draft7Validator, validators

from openmetadata_airflow_apis.api.strict_json import parse
from openmetadata_airflow_apis.definition import fault_messages
from openmetadata_airflow_apis.errors import (
    BodyTooLarge,
    Fault,
    InvalidBody,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings

_KEPT_BODY = "openmetadata_airflow_apis.json_body"

# The same sentences as for a workflow definition.
_Validator: Any = validators.extend(Draft7Validator, validators=fault_messages.keywords())  # type: ignore[no-untyped-call]


def settings() -> Settings:
    """Return the settings that the API was registered with."""
    return current_app.extensions["openmetadata_airflow_apis"].settings


def read_ahead() -> None:
    """Refuse a body that is too large or not strict JSON, before connexion's more trusting parser meets it."""
    _refuse_too_large()
    if request.is_json:
        read_json()


def _refuse_too_large() -> None:
    limit = settings().max_body_bytes
    if (request.content_length or 0) > limit:
        raise BodyTooLarge(limit)


def _read_bytes() -> bytes:
    _refuse_too_large()
    # A chunked body declares no length; Airflow's [webserver] allowed_payload_size bounds what is read of it.
    data = request.get_data(cache=True)
    limit = settings().max_body_bytes
    if len(data) > limit:
        raise BodyTooLarge(limit)
    return data


def read_json() -> Any:
    """Return the request's JSON body, or None where there is no body at all.

    Raises UnsupportedMediaType for another content type, BodyTooLarge, and MalformedBody as
    strict_json.parse does.
    """
    # Not in flask.g: it is shared by requests that are made within an application context.
    kept = request.environ
    if _KEPT_BODY not in kept:
        data = _read_bytes()
        if not data:
            kept[_KEPT_BODY] = None
        elif not request.is_json:
            raise UnsupportedMediaType(
                f"The body must be sent with Content-Type: application/json, not '{request.mimetype or 'none'}'"
            )
        else:
            kept[_KEPT_BODY] = parse(data)
    return kept[_KEPT_BODY]


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
    ) -> None:
        self._validator = _Validator(schema)

    def __call__(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Wrap the operation: its body is read and checked first."""

        @functools.wraps(function)
        def wrapper(connexion_request: Any) -> Any:
            value = read_json()
            # Without any body, the handler is given an empty object.
            check(value if request.get_data() else {}, self._validator)
            return function(connexion_request)

        return wrapper


def check(value: Any, validator: Any) -> None:
    """Raise InvalidBody with every fault that the validator finds in value."""
    faults = [
        Fault("".join(f"/{_escape(str(part))}" for part in error.absolute_path), fault_messages.sentence(error))
        for error in validator.iter_errors(value)
    ]
    if faults:
        raise InvalidBody(sorted(faults))


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
