"""The arguments of a call at `?api=`, from the query, and from a form or a JSON object; the query goes first.

The operation's own arguments are checked as at the typed door and passed on. Arguments of another operation are
refused: their senders expect them to narrow the call. Names that no operation has are ignored, as by the older plugin.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import request

from openmetadata_airflow_apis.api import body
from openmetadata_airflow_apis.api.argument_checks import GIVEN_TWICE, check_argument, read_argument
from openmetadata_airflow_apis.api.date_times import date_time
from openmetadata_airflow_apis.api.operations import operations
from openmetadata_airflow_apis.api.strict_json import parse
from openmetadata_airflow_apis.errors import InvalidArgument, InvalidBody, MalformedBody, MissingArguments

if TYPE_CHECKING:
    from openmetadata_airflow_apis.api.operations import Argument, Operation

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# The space before a date's offset: an unencoded + in a query string arrives as a space.
_OFFSET = re.compile(r" (?=\d\d:?\d\d$)")


def operation_name() -> str:
    """Return the value of `api`, from the query or else from a form, stripped and in lower case; "" if there is none.

    Raises InvalidArgument if there are several values.
    """
    names = _names_given(request.args.getlist("api"))
    if not names:
        body.read_bytes()
        names = _names_given(request.form.getlist("api"))
    if len(names) > 1:
        raise InvalidArgument("api", GIVEN_TWICE)
    return next(iter(names), "")


def _names_given(values: list[str]) -> set[str]:
    return {value.strip().lower() for value in values if value.strip()}


def dag_id(operation: Operation) -> str | None:
    """Return the dag_id that the call names, None if it names none."""
    if operation.old_door.whole_body or "dag_id" not in {argument.name for argument in operation.arguments}:
        return None
    value = _by_specified_name(operation, _given_arguments(operation)).get("dag_id")
    return str(value) if value else None


def keyword_arguments(operation: Operation) -> dict[str, Any]:
    """Return the keyword arguments for the operation's handler.

    Raises MissingArguments, InvalidArgument, MalformedBody, UnsupportedMediaType.
    """
    given_arguments = _given_arguments(operation)
    _refuse_what_others_have(operation, given_arguments)
    values = _by_specified_name(operation, given_arguments)
    missing = [name for name in operation.old_door.required if not values.get(_specified_name(operation, name))]
    if missing:
        raise MissingArguments(missing)
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}}
    for argument in operation.arguments:
        if argument.name in values:
            sent_as = next(name for name in given_arguments if _specified_name(operation, name) == argument.name)
            places[argument.place][argument.name] = _read(argument, sent_as, values[argument.name])
    takes_body = operation.body != "none" and not operation.old_door.whole_body
    return {**places["path"], **places["query"], **({"body": places["body"]} if takes_body else {})}


def name_sent(operation: Operation, name: str) -> str:
    """Return the name under which the call gave an argument; `name` is the specification's."""
    return next((sent for sent in _given_arguments(operation) if _specified_name(operation, sent) == name), name)


def _given_arguments(operation: Operation) -> dict[str, Any]:
    """Return the call's arguments by name, without empty values, which a form sends for fields not filled in."""
    given_arguments: dict[str, Any] = {}
    if not operation.old_door.whole_body:
        given_arguments.update(_document() if request.is_json else _form(operation))
    given_arguments.update(_single_values(operation, request.args.lists()))
    given_arguments.pop("api", None)
    return {name: value for name, value in given_arguments.items() if value not in (None, "")}


def _document() -> dict[str, Any]:
    document = body.read_json()
    if document is not None and not isinstance(document, dict):
        raise MalformedBody(f"The body is {json.dumps(document)[:40]}; give a JSON object, of arguments by name")
    return document or {}


def _form(operation: Operation) -> dict[str, Any]:
    data = body.read_bytes()
    if not data:
        return {}
    # No form starts like this: it is JSON with the content type that curl sends by default.
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
    for name, values_of_name in pairs:
        if _specified_name(operation, name) in {"run_id", "run_ids"}:  # an unencoded + arrives as a space
            values_of_name = [value.replace(" ", "+") for value in values_of_name]
        if _specified_name(operation, name) in operation.lists:
            values[name] = values_of_name if len(values_of_name) > 1 else values_of_name[0]
            continue
        if len(set(values_of_name)) > 1 and name in _names(operation):
            raise InvalidArgument(name, GIVEN_TWICE)
        values[name] = values_of_name[0]
    return values


def _refuse_what_others_have(operation: Operation, given_arguments: dict[str, Any]) -> None:
    names = _names(operation)
    for name in given_arguments:
        if name not in names and name in _all_names():
            takes = f"it takes {', '.join(names) or 'no arguments'}"
            if operation.old_door.whole_body and name in _names_in_body(operation):
                raise InvalidArgument(
                    name, f"belongs into the JSON body of {operation.operation_id}; beside it, {takes}"
                )
            raise InvalidArgument(name, f"is not known to {operation.operation_id}; {takes}")


def _names(operation: Operation) -> list[str]:
    """Return the names of all arguments of an operation at the old door: the older plugin's and the specification's."""
    own = [
        argument.name
        for argument in operation.arguments
        if not (argument.place == "body" and operation.old_door.whole_body)
    ]
    return list(dict.fromkeys([*operation.old_door.required, *own, *operation.old_door.names]))


@lru_cache(maxsize=1)
def _all_names() -> frozenset[str]:
    """Return every argument name of any operation, except those of signing in."""
    names: set[str] = set()
    for operation in operations().values():
        if operation.tag not in ("security", "oldDoor"):
            names.update(_names(operation), _names_in_body(operation))
    return frozenset(names)


def _names_in_body(operation: Operation) -> set[str]:
    """Return the keys of the operation's body, and those of objects inside it."""
    keys = {argument.name for argument in operation.arguments if argument.place == "body"}
    inner = [argument.schema.get("properties", ()) for argument in operation.arguments if argument.place == "body"]
    return keys.union(*inner)


def _specified_name(operation: Operation, name: str) -> str:
    return operation.old_door.names.get(name, name)


def _by_specified_name(operation: Operation, given_arguments: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    sent_names: dict[str, str] = {}
    for name, value in given_arguments.items():
        specified = _specified_name(operation, name)
        if specified in values and values[specified] != value:
            raise InvalidArgument(sent_names[specified], f"and '{name}' are one, and have two values; give one of them")
        values[specified] = value
        sent_names[specified] = name
    return values


def _read(argument: Argument, name: str, value: Any) -> Any:
    """Return an argument's value in its schema's type; raise InvalidArgument, MalformedBody."""
    kind = argument.schema.get("type")
    if kind == "string":
        return _text(argument, name, value)
    if kind == "object":
        subject = f"The argument '{name}'"
        document = parse(value.encode("utf-8", "surrogatepass"), subject) if isinstance(value, str) else value
        if not isinstance(document, dict):
            raise InvalidArgument(name, f"is {json.dumps(document)}; give a JSON object")
        return document
    if kind == "array" and isinstance(value, str) and value.lstrip().startswith("["):
        value = parse(value.encode("utf-8", "surrogatepass"))
    elif kind == "array" and isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
        if not value:
            raise MissingArguments([name])
    elif isinstance(value, str):
        return read_argument(name, value, argument.schema)
    check_argument(name, value, argument.schema)
    return value


def _text(argument: Argument, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(name, f"is {json.dumps(value)}; give a string")
    if argument.schema.get("format") == "date-time":
        value = _OFFSET.sub("+", value)
        try:
            date_time(value, name)
        except InvalidBody as error:
            raise InvalidArgument(name, f"cannot be used: {error.faults[0].detail}") from None
    check_argument(name, value, argument.schema)
    return value
