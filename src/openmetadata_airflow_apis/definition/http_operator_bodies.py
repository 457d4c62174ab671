"""HTTP requests whose headers say that the body is JSON: a map or a list in `data` is sent as its JSON text.

HttpOperator by itself would send a map as a form. dag-factory makes JSON of it since 0.23; templates in its texts are
rendered, since `data` is a template field.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.canonical import tag_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmetadata_airflow_apis.definition.canonical import Arguments, OperatorKey, Value
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Context

# The definition is read without Airflow, so that a class is known by its name alone.
# What is a text when the task runs, whatever was written for it.
_TEXTS = frozenset({"$document", "$join", "$variable"})
_OPERATORS = (".HttpOperator", ".SimpleHttpOperator", ".ExtendedHttpOperator")


def sends_json(operator: OperatorKey, arguments: Arguments) -> bool:
    """Tell whether a task is an HTTP request whose headers say JSON. arguments: its own, default_args included."""
    if not operator.get("operator", "").endswith(_OPERATORS):
        return False
    headers = arguments.get("headers")
    # For GET, `data` is the query.
    if not isinstance(headers, dict) or str(arguments.get("method", "POST")).upper() == "GET":
        return False
    types = [value for name, value in headers.items() if name.lower() == "content-type" and isinstance(value, str)]
    return any(_is_json(content_type.partition(";")[0].strip().lower()) for content_type in types)


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def with_json_body(context: Context, arguments: Arguments, path: PlainPath) -> Arguments:
    """Return the arguments of a task that sends JSON, with a map or a list in `data` as JSON text.

    path: where the arguments stand.
    """
    data = arguments.get("data")
    if not isinstance(data, (dict, list)) or tag_of(data) in {*_TEXTS, "$output"}:
        return arguments
    return {**arguments, "data": _json_text(context, data, path / "data")}


def default_json_body(context: Context, data: Value, path: PlainPath) -> Arguments:
    """Return the `data` of default_args as the argument of a task that sends JSON, if it is a map or a list.

    In default_args it stays what it is: another task, of a form or a query, may take it from there. path: the task's.
    """
    body = with_json_body(context, {"data": data}, path)
    return {} if body["data"] is data else body


def with_mapped_json_bodies(context: Context, expand: Arguments, path: PlainPath) -> Arguments:
    """Return what a task that sends JSON is mapped over, with each map or list in the list of `data` as JSON text."""
    bodies = expand.get("data")
    if not isinstance(bodies, list):
        return expand
    texts = [
        _json_text(context, body, path / "data" / index)
        if isinstance(body, (dict, list)) and tag_of(body) not in _TEXTS
        else body
        for index, body in enumerate(bodies)
    ]
    return {**expand, "data": texts}


def _json_text(context: Context, body: Value, path: PlainPath) -> str:
    def note_object() -> None:
        context.fault(
            path,
            "is sent as JSON, in which an output, a date or another object can't stand; write texts, such as "
            "\"{{ ti.xcom_pull(task_ids='extract') }}\"",
        )

    return json.dumps(_plain(body, note_object))


def _plain(value: Value, note_object: Callable[[], None]) -> Any:
    tag = tag_of(value)
    if tag == "$literal":
        value = value[tag]
    elif tag is not None:
        note_object()
        return None
    if isinstance(value, dict):
        return {key: _plain(item, note_object) for key, item in value.items()}
    return [_plain(item, note_object) for item in value] if isinstance(value, list) else value
