"""Which reader understands which x-kind of the schema, and the keys of one object read by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable
from zoneinfo import ZoneInfo

from openmetadata_airflow_apis.definition import named_functions, plain_values, schedules
from openmetadata_airflow_apis.definition.fault_messages import kind_of, quoted
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.workflow_schema import airflow_name, faults, properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.plain_values import Value
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.workflow import Path
    from openmetadata_airflow_apis.definition.workflow_schema import Schema

Reader = Callable[["Context", Any, "Path"], "Value"]


def read_flag(context: Context, value: Any, path: Path) -> Value:
    """Return a boolean that may be written as a text."""
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered not in {"true", "false"}:
            return context.fault(path, f"{kind_of(value)}; give true or false")
        return lowered == "true"
    return value


def read_timezone(context: Context, value: str, path: Path) -> Value:
    """Return the name of a time zone, which from now on is the one of dates without an offset."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        return context.fault(path, f"{quoted(value)} is no IANA time zone; give one such as Europe/Berlin")
    return value


def read_params(context: Context, value: dict[str, Any], path: Path) -> Value:
    """Return the params of a DAG or task: plain values, or `__type__` Params."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        made = plain_values.read_value(context, item, (*path, key))
        if isinstance(made, dict) and "$call" in made and made["$call"]["path"] != plain_values.PARAM:
            made = context.fault((*path, key, "__type__"), f"is no param; give a plain value or {plain_values.PARAM}")
        result[key] = made
    return ABSENT if ABSENT in result.values() else result


def read_expand(context: Context, value: dict[str, Any], path: Path) -> Value:
    """Return what a task is mapped over: for each argument a list, a map, or a task's output."""
    result = {key: _expanded(context, item, (*path, key)) for key, item in value.items()}
    return ABSENT if ABSENT in result.values() else result


def _expanded(context: Context, value: Any, path: Path) -> Value:
    if isinstance(value, str):
        text = value
        # dag-factory's other two ways to name a task's output.
        if text.endswith(".output"):
            text = "+" + text[: -len(".output")]
        elif text.startswith("XcomArg(") and text.endswith(")"):
            text = "+" + text[len("XcomArg(") : -1]
        if text.startswith("+"):
            made = plain_values.read_value(context, text, path)
            if made is ABSENT or isinstance(made, dict):
                return made
        return context.fault(path, f"{kind_of(value)}; give a list, a map, or a task's output such as +extract")
    if not isinstance(value, (list, dict)):
        return context.fault(path, f"{kind_of(value)}; give a list, a map, or a task's output such as +extract")
    return plain_values.read_value(context, value, path)


def read_partial(context: Context, value: dict[str, Any], path: Path) -> Value:
    """Return the unmapped arguments of a mapped task, each read as it would be in the task itself."""
    for below, detail in faults("WorkflowTask", value):
        whole = (*path, *below)
        context.fault(whole, detail)
        context.skip.update(whole[:length] for length in range(len(whole) + 1))
    return read_keys(context, "WorkflowTask", value, path, canonical=None)


KINDS: Mapping[str, Reader] = {
    "argument": plain_values.read_value,
    "callback": named_functions.read_callback,
    "datasets": schedules.read_datasets,
    "date": plain_values.read_date,
    "expand": read_expand,
    "flag": read_flag,
    "import": named_functions.read_import,
    "macros": named_functions.read_macros,
    "params": read_params,
    "partial": read_partial,
    "schedule": schedules.read_schedule,
    "timetable": schedules.read_timetable,
    "timezone": read_timezone,
    "value": plain_values.read_value,
}


def read_keys(
    context: Context,
    name: str,
    document: Mapping[str, Any],
    path: Path,
    *,
    canonical: Path | None,
    roles: frozenset[str | None] = frozenset({None}),
) -> dict[str, Value]:
    """Return the keys of an object by Airflow's names, those at fault left out.

    name: the object's schema. canonical: where the keys go in the canonical definition, to be remembered.
    roles: the x-role of the keys to read; others are somebody else's.
    """
    known = properties(name)
    result: dict[str, Value] = {}
    given: dict[str, str] = {}
    for key, value in document.items():
        of_key = known.get(key, {})
        if of_key.get("x-role") not in roles:
            continue
        place = (*path, key)
        target = airflow_name(key, of_key)
        if of_key.get("x-kind") == "function_file":
            # Read with the key that names the function, unless there is none.
            _check_pair(context, known, document, key, target, path)
            continue
        if target in given:
            context.fault(place, f"means the same as '{given[target]}', which is there as well; give one of them")
            continue
        given[target] = key
        if context.skipped(place):
            continue
        if key.startswith("$"):  # alone in its map it would be taken for a tag of a canonical value
            context.fault(place, f"nothing has an argument '{key}': none starts with '$'; take it out, or rename it")
            continue
        made = read_key(context, of_key, key, value, document, path)
        if made is not ABSENT:
            result[target] = made
            if canonical is not None:
                context.place((*canonical, target), place)
    return result


def read_key(context: Context, of_key: Schema, key: str, value: Any, document: Mapping[str, Any], path: Path) -> Value:
    """Return the value of one key, read by its x-kind."""
    kind = of_key.get("x-kind")
    place = (*path, key)
    if kind == "function_name":
        return read_function(context, of_key, key, document, path)
    if kind == "duration":
        return plain_values.read_duration(context, value, place, of_key)
    if kind is not None:
        return KINDS[kind](context, value, place) if value is not None or not of_key.get("nullable") else None
    if not of_key:
        if key.endswith("_lambda"):
            return context.fault(
                place,
                "lambdas are not accepted; write a function into a callable file, and name it by "
                f"{key[:-7]}_name and {key[:-7]}_file",
            )
        return plain_values.read_value(context, value, place)
    renamed = of_key.get("x-values", {})
    return renamed.get(value, value) if isinstance(value, str) else value


def read_function(context: Context, of_key: Schema, key: str, document: Mapping[str, Any], path: Path) -> Value:
    """Return a function in a callable file, of the two keys that name it and its file."""
    file_key = of_key["x-file"]
    made = named_functions.read_function_name(context, document[key], (*path, key))
    if file_key not in document:
        return context.fault((*path, key), f"names a function and no file; add '{file_key}'")
    if context.skipped((*path, file_key)):
        return ABSENT
    file = named_functions.read_function_file(context, document[file_key], (*path, file_key))
    if made is ABSENT or file is ABSENT:
        return ABSENT
    return {"$callable": {"file": file, "name": made}}


def _check_pair(
    context: Context, known: Mapping[str, Schema], document: Mapping[str, Any], key: str, target: str, path: Path
) -> None:
    name_key = next(name for name, of_name in known.items() if of_name.get("x-file") == key)
    if name_key not in document:
        context.fault((*path, key), f"names a file and no function; add '{name_key}', which calls '{target}'")
