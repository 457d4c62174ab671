"""The arguments of a call at `?api=`: of the query, else of a form, else of a JSON object; none is dropped in silence.

What the operation has is passed on to it, checked as at the typed door. What another operation has is refused, since
it would narrow what this one does. What no operation has is ignored, as the older plugin did.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import request

from openmetadata_airflow_apis.api import body, wire
from openmetadata_airflow_apis.api.operations import operations
from openmetadata_airflow_apis.api.parameters import GIVEN_TWICE, check_argument, read_argument
from openmetadata_airflow_apis.api.strict_json import parse
from openmetadata_airflow_apis.errors import InvalidArgument, InvalidBody, MalformedBody, MissingArguments

if TYPE_CHECKING:
    from openmetadata_airflow_apis.api.operations import Argument, Operation

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# The offset of a date whose + was not encoded in the query string, and arrives as a space.
_OFFSET = re.compile(r" (?=\d\d:?\d\d$)")


def operation_name() -> str:
    """Return the value of `api`, of the query or else of a form, without its blanks and in lower case.

    Raises InvalidArgument where there are several.
    """
    named = _names_given(request.args.getlist("api"))
    if not named:
        body.read_bytes()
        named = _names_given(request.form.getlist("api"))
    if len(named) > 1:
        raise InvalidArgument("api", GIVEN_TWICE)
    return next(iter(named), "")


def _names_given(values: list[str]) -> set[str]:
    return {value.strip().lower() for value in values if value.strip()}


def dag_id(operation: Operation) -> str | None:
    """Return the DAG that the call is about, None where it names none."""
    if operation.old_door.whole_body or "dag_id" not in {argument.name for argument in operation.arguments}:
        return None
    value = _by_specified_name(operation, _given(operation)).get("dag_id")
    return str(value) if value else None


def keyword_arguments(operation: Operation) -> dict[str, Any]:
    """Return what the operation's handler is to be called with.

    Raises MissingArguments, InvalidArgument, MalformedBody, UnsupportedMediaType.
    """
    given = _given(operation)
    _refuse_what_others_have(operation, given)
    values = _by_specified_name(operation, given)
    missing = [name for name in operation.old_door.required if not values.get(_specified_name(operation, name))]
    if missing:
        raise MissingArguments(missing)
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
    for argument in operation.arguments:
        if argument.name in values:
            sent_as = next(name for name in given if _specified_name(operation, name) == argument.name)
            places[argument.place][argument.name] = _read(argument, sent_as, values[argument.name])
    takes_body = operation.body != "none" and not operation.old_door.whole_body
    return {**places["path"], **places["query"], **({"body": places["body"]} if takes_body else {})}


def name_sent(operation: Operation, name: str) -> str:
    """Return the name under which the call gave an argument of the specification's."""
    return next((sent for sent in _given(operation) if _specified_name(operation, sent) == name), name)


def _given(operation: Operation) -> dict[str, Any]:
    """Return what the call gives by name, empty values left out: a form sends those of fields not filled in."""
    given: dict[str, Any] = {}
    if not operation.old_door.whole_body:
        given.update(_document() if request.is_json else _form(operation))
    given.update(_single_values(operation, request.args.lists()))
    given.pop("api", None)
    return {name: value for name, value in given.items() if value not in (None, "")}


def _document() -> dict[str, Any]:
    document = body.read_json()
    if document is not None and not isinstance(document, dict):
        raise MalformedBody(f"The body is {json.dumps(document)[:40]}; give a JSON object, of arguments by name")
    return document or {}


def _form(operation: Operation) -> dict[str, Any]:
    data = body.read_bytes()
    if not data:
        return {}
    # No form starts so: JSON under the content type that curl sends unless told otherwise.
    looks_like_json = request.mimetype == _FORMS[0] and data.lstrip()[:1] in (b"{", b"[")
    if request.mimetype not in _FORMS or looks_like_json:
        raise body.unsupported()
    if not request.form and not request.files:
        raise MalformedBody(f"The body has no field that can be read as {request.mimetype}; send fields by name")
    for name in request.files:
        if name in _all_names():
            raise InvalidArgument(name, "came as a file; send it as text (with curl, -F 'NAME=<FILE')")
    return _single_values(operation, request.form.lists())


def _single_values(operation: Operation, pairs: Any) -> dict[str, Any]:
    values = {}
    for name, several in pairs:
        if _specified_name(operation, name) in operation.lists:
            values[name] = several if len(several) > 1 else several[0]
            continue
        if len(set(several)) > 1 and name in _names(operation):
            raise InvalidArgument(name, GIVEN_TWICE)
        values[name] = several[0]
    return values


def _refuse_what_others_have(operation: Operation, given: dict[str, Any]) -> None:
    names = _names(operation)
    for name in given:
        if name not in names and name in _all_names():
            takes = f"it takes {', '.join(names) or 'no arguments'}"
            if operation.old_door.whole_body and name in _names_in_body(operation):
                raise InvalidArgument(
                    name, f"belongs into the JSON body of {operation.operation_id}; beside it, {takes}"
                )
            raise InvalidArgument(name, f"is not known to {operation.operation_id}; {takes}")


def _names(operation: Operation) -> list[str]:
    """Return every name that the operation takes at the old door, its own and the specification's."""
    own = [
        argument.name
        for argument in operation.arguments
        if not (argument.place == "body" and operation.old_door.whole_body)
    ]
    return list(dict.fromkeys([*operation.old_door.required, *own, *operation.old_door.names]))


@lru_cache(maxsize=1)
def _all_names() -> frozenset[str]:
    """Return every name that any operation takes; whom to sign in is no argument of anything else."""
    names: set[str] = set()
    for operation in operations().values():
        if operation.tag not in ("security", "oldDoor"):
            names.update(_names(operation), _names_in_body(operation))
    return frozenset(names)


def _names_in_body(operation: Operation) -> set[str]:
    """Return the keys of the operation's body and, where that is one object in another, the inner one's."""
    keys = {argument.name for argument in operation.arguments if argument.place == "body"}
    inner = [argument.schema.get("properties", ()) for argument in operation.arguments if argument.place == "body"]
    return keys.union(*inner)


def _specified_name(operation: Operation, name: str) -> str:
    return operation.old_door.names.get(name, name)


def _by_specified_name(operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    sent_as: dict[str, str] = {}
    for name, value in given.items():
        specified = _specified_name(operation, name)
        if specified in values and values[specified] != value:
            raise InvalidArgument(sent_as[specified], f"and '{name}' are one, and have two values; give one of them")
        values[specified] = value
        sent_as[specified] = name
    return values


def _read(argument: Argument, name: str, value: Any) -> Any:
    """Return an argument's value in its schema's type; raise InvalidArgument, MalformedBody."""
    kind = argument.schema.get("type")
    if kind == "string":
        return _text(argument, name, value)
    if kind == "object":
        what = f"The argument '{name}'"
        document = parse(value.encode("utf-8", "surrogatepass"), what) if isinstance(value, str) else value
        if not isinstance(document, dict):
            raise InvalidArgument(name, f"is {json.dumps(document)}; give a JSON object")
        return document
    if kind == "array" and isinstance(value, str) and value.lstrip().startswith("["):
        value = parse(value.encode("utf-8", "surrogatepass"))
    elif kind == "array" and isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
        if name == "run_ids":
            value = [item.replace(" ", "+") for item in value]  # as for run_id, below
        if not value:
            raise MissingArguments([name])
    elif isinstance(value, str):
        return read_argument(name, value, argument.schema)
    check_argument(name, value, argument.schema)
    return value


def _text(argument: Argument, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(name, f"is {json.dumps(value)}; give a string")
    if name == "run_id":
        value = value.replace(" ", "+")  # an unencoded + of a query string arrives as a space
    if argument.schema.get("format") == "date-time":
        value = _OFFSET.sub("+", value)
        try:
            wire.date_time(value, name)
        except InvalidBody as error:
            raise InvalidArgument(name, f"cannot be used: {error.faults[0].detail}") from None
    check_argument(name, value, argument.schema)
    return value
