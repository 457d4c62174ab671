"""Request bodies: read strictly, then checked against the specification with every fault at once."""

from __future__ import annotations

import functools
import io
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable

from flask import request
from jsonschema import Draft7Validator, validators
from werkzeug.exceptions import RequestEntityTooLarge

from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.api.strict_json import parse
from openmetadata_airflow_apis.definition import schema_faults
from openmetadata_airflow_apis.definition.places import join
from openmetadata_airflow_apis.errors import (
    BodyTooLarge,
    Fault,
    InvalidBody,
    InvalidRequest,
    MalformedBody,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from openmetadata_airflow_apis.api.operations import Operation

_KEPT_BODY = "openmetadata_airflow_apis.json_body"
_CHUNK = 64 * 1024
_DRAINED = 16 * 1024 * 1024
_EMPTY = "The body is empty; send JSON, with the header Content-Type: application/json"

# Faults in the same words as those of a workflow definition.
_Validator: Any = validators.extend(Draft7Validator, validators=schema_faults.keywords())  # type: ignore[no-untyped-call]


def read_ahead(operation: Operation | None = None) -> None:
    """Read the body, and refuse a bad one before less strict code reads it.

    operation: the called operation, which says whether a body is required, optional or refused; None if there is none
    to ask. Raises BodyTooLarge, MalformedBody, UnsupportedMediaType, and InvalidRequest for a body that the operation
    would ignore.
    """
    if operation is not None and operation.body == "none":
        if not _says_nothing():
            _refuse_body(operation)
        return
    data = read_bytes()
    if operation is None:
        if data and request.is_json:
            read_json()
        return
    if data:
        read_json()
    elif operation.body == "required":
        raise MalformedBody(_EMPTY)


def _says_nothing() -> bool:
    """Say whether there is no body, or only an empty object or null. Raises MalformedBody."""
    try:
        data = read_bytes()
    except (BodyTooLarge, RequestEntityTooLarge, UnsupportedMediaType):  # what is in it does not matter
        return False
    return not data or (request.is_json and read_json() in (None, {}))


def _refuse_body(operation: Operation) -> None:
    names = ", ".join(f"'{name}'" for name in operation.query_parameters)
    cure = f"send {names} in the query string" if names else "send none"
    raise InvalidRequest(f"{operation.operation_id} takes no body, and would not look at this one; {cure}")


def read_bytes() -> bytes:
    """Return the request's body, and keep it for later reads. Raises the errors of read_ahead but InvalidRequest."""
    limit = settings().max_body_bytes
    if (request.content_length or 0) > limit:
        _drain(request.content_length or 0)
        raise BodyTooLarge(limit)
    # Set by gunicorn, which marks the end of every body, also of one sent in chunks.
    if "wsgi.input_terminated" in request.environ and "stream" not in vars(request):
        _read_to_its_end(limit)
    data = request.get_data(cache=True)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if data and encoding not in {"", "identity"}:
        raise UnsupportedMediaType(f"The body came with Content-Encoding: {encoding}; send it as it is, without one")
    return data


def _read_to_its_end(limit: int) -> None:
    """Read a body to the end that the server marks, and give the request its length. Raises as read_bytes does.

    Werkzeug 3 would silently cut a chunked body at Airflow's [webserver] allowed_payload_size, and fail if that is
    not an integer; Werkzeug 2 would read one of any length.
    """
    airflows_limit = int(request.max_content_length or limit)
    stream = request.environ["wsgi.input"]
    data = bytearray()
    try:
        while len(data) <= min(limit, airflows_limit) and (chunk := stream.read(_CHUNK)):
            data += chunk
    except (OSError, ValueError) as error:  # gunicorn raises these for chunks that are not well formed
        raise MalformedBody("The body ended too early, or its chunks are not well formed") from error
    if len(data) > min(limit, airflows_limit):
        _drain(_DRAINED)
        raise BodyTooLarge(limit) if len(data) > limit else RequestEntityTooLarge
    request.environ["wsgi.input"] = io.BytesIO(data)
    request.environ["CONTENT_LENGTH"] = str(len(data))
    for key in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated"):
        request.environ.pop(key, None)


def _drain(size: int) -> None:
    """Read what the caller still sends, if at most 16 MiB: an early close would keep the answer from the caller."""
    stream = request.environ["wsgi.input"]
    bytes_left = size if size <= _DRAINED else 0
    with suppress(OSError, ValueError):
        while bytes_left > 0 and (chunk := stream.read(min(_CHUNK, bytes_left))):
            bytes_left -= len(chunk)


def read_json() -> Any:
    """Return the request's JSON body, None if there is no body.

    Raises UnsupportedMediaType for another content type, BodyTooLarge, and MalformedBody as strict_json.parse does.
    """
    # Not in flask.g, which requests share if they are made within one application context.
    environ = request.environ
    if _KEPT_BODY not in environ:
        data = read_bytes()
        if not data:
            environ[_KEPT_BODY] = None
        elif not request.is_json:
            raise unsupported()
        else:
            environ[_KEPT_BODY] = parse(data)
    return environ[_KEPT_BODY]


def unsupported() -> UnsupportedMediaType:
    """Return the error for a body with a content type other than JSON; it says which header to send."""
    came_with = f"not '{request.mimetype}'" if request.mimetype else "and came with none"
    sentence = f"The body must be sent with Content-Type: application/json, {came_with}"
    if request.mimetype == "application/x-www-form-urlencoded":
        sentence += ", which curl sends unless it is told -H 'Content-Type: application/json'"
    return UnsupportedMediaType(sentence)


class BodyValidator:
    """connexion's hook for request bodies: every fault at once, with JSON pointers."""

    def __init__(
        self,
        schema: dict[str, Any],
        consumes: Any,  # noqa: ARG002 - connexion's signature
        api: Any,  # noqa: ARG002
        is_null_value_valid: bool = False,  # noqa: FBT001, FBT002
        validator: Any = None,  # noqa: ARG002
        strict_validation: bool = False,  # noqa: ARG002, FBT001, FBT002
    ) -> None:
        self._validator = _Validator(schema)
        self._takes_null = is_null_value_valid

    def __call__(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Wrap the operation: its body is read and checked first."""

        @functools.wraps(function)
        def wrapper(connexion_request: Any) -> Any:
            # Without a body, the handler gets an empty object; some clients send null instead of no body.
            value = read_json()
            says_nothing = value is None and (self._takes_null or not read_bytes())
            check({} if says_nothing else value, self._validator)
            return function(connexion_request)

        return wrapper


def check(value: Any, validator: Any) -> None:
    """Raise InvalidBody with every fault that the validator finds in value."""
    faults = [Fault(join(error.absolute_path), schema_faults.sentence(error)) for error in validator.iter_errors(value)]
    if faults:
        raise InvalidBody(sorted(faults))
