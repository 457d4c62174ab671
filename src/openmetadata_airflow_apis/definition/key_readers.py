"""The reader of each x-kind of the schema, and the keys of an object, read by these readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.definition import dag_factory_values, named_functions, schedules
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.dates_and_durations import read_own_timezone, read_timezone
from openmetadata_airflow_apis.definition.fault_messages import kind_of
from openmetadata_airflow_apis.definition.managed_paths import fault_of_path
from openmetadata_airflow_apis.definition.places import CanonicalPlace
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.refused_and_ignored_keys import is_argument, is_ignored
from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name, airflow_value
from openmetadata_airflow_apis.definition.task_outputs import read_output
from openmetadata_airflow_apis.definition.template_folders import read_template_folders
from openmetadata_airflow_apis.definition.workflow_schema import faults, function_keys, properties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from openmetadata_airflow_apis.definition.canonical import (
        Arguments,
        DocumentTag,
    )
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import Part, PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context, Read
    from openmetadata_airflow_apis.definition.workflow_schema import Schema

Reader = Callable[["Context", Any, "PlainPath"], "Read"]
Paths = dict[CanonicalPlace, "PlainPath"]  # the places in a part of the definition → where their values come from


@dataclass(frozen=True)
class KeysRead:
    """The values of an object's keys by Airflow's names, without those at fault.

    paths: where the values come from; their places are those in the object, such as ("pool",).
    """

    values: Arguments
    paths: Paths


def read_keys(context: Context, name: str, document: Mapping[str, Any], path: PlainPath) -> KeysRead:
    """Read the keys of an object that are arguments; those with an x-role are read elsewhere.

    name: the object's schema. path: where the object stands.
    """
    key_schemas = {**properties(name), **named_functions.function_pairs(document, properties(name))}
    values: Arguments = {}
    paths: Paths = {}
    sent_as: dict[str, str] = {}  # Airflow's name → the key that gives it
    for key, value in document.items():
        of_key = key_schemas.get(key, {})
        if not is_argument(of_key):
            continue
        at_key = path / key
        argument = airflow_name(key, of_key)
        if of_key.get("x-kind") == "function_file":
            # Read with the key that names the function, unless there is none.
            function_key = function_keys(name).get(key) or named_functions.name_key(key)
            if function_key not in document:
                context.fault(at_key, f"names a file and no function; add '{function_key}', which calls '{argument}'")
            continue
        if argument in sent_as:
            context.fault(at_key, f"means the same as '{sent_as[argument]}', which is there as well; give one of them")
            continue
        sent_as[argument] = key
        if at_key in context.skipped_paths:
            continue
        if key.startswith("$"):  # alone in its map, the key would be taken for a tag
            context.fault(at_key, f"nothing has an argument '{key}': none starts with '$'; take it out, or rename it")
            continue
        if of_key.get("x-kind") == "function_name":
            value_read = named_functions.read_named_function(context, of_key, key, document, path)
        else:
            value_read = _read_key(context, of_key, key, value, at_key)
        if value_read is not ABSENT:
            values[argument] = value_read
            paths[CanonicalPlace((argument,))] = at_key
    return KeysRead(values, paths)


def read_default_args(context: Context, document: Mapping[str, Any], path: PlainPath) -> KeysRead:
    """Read the default_args of a DAG or a group: one value under that key, or none if it has no default_args.

    path: that of the DAG or group.
    """
    sent = document.get("default_args")
    if not isinstance(sent, dict):
        return KeysRead({}, {})
    zone = read_own_timezone(context, sent, path / "default_args")
    # The task whose output stood here would get these default_args too, and so take its own output.
    of_all_tasks = replace(context, zone=zone or context.zone, take_output=None, refused_outputs=None)
    default_args = read_keys(of_all_tasks, "WorkflowDefaultArgs", sent, path / "default_args")
    paths = {CanonicalPlace(("default_args",)): path / "default_args", **below("default_args", default_args.paths)}
    return KeysRead({"default_args": default_args.values}, paths)


def below(key: Part, paths: Mapping[CanonicalPlace, PlainPath]) -> Paths:
    """Return the paths of a part with the places that they have in its holder, below the part's key."""
    return {CanonicalPlace((key, *place)): path for place, path in paths.items()}


def _read_key(context: Context, of_key: Schema, key: str, value: Any, path: PlainPath) -> Read:
    """Return the value of one key, read by its x-kind. path: where the value stands."""
    kind = of_key.get("x-kind")
    if kind == "duration":
        return dag_factory_values.read_duration(context, value, path, minimum=of_key.get("minimum"))
    if kind is not None:
        return KINDS[kind](context, value, path) if value is not None or not of_key.get("nullable") else None
    if not of_key:
        if key.endswith("_lambda"):
            return context.fault(
                path,
                "lambdas are not accepted; write a function into a callable file, and name it by "
                f"{key[:-7]}_name and {key[:-7]}_file",
            )
        return dag_factory_values.read_value(context, value, path)
    return airflow_value(value, of_key)


def read_flag(context: Context, value: Any, path: PlainPath) -> Read:
    """Return a boolean that may be written as a text."""
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered not in {"true", "false"}:
            return context.fault(path, f"{kind_of(value)}; give true or false")
        return lowered == "true"
    return value


def read_document(context: Context, value: str, path: PlainPath) -> DocumentTag | Literal[Absent.ABSENT]:
    """Return the tag for the text of a file below dag_managed_operators."""
    fault = fault_of_path(value)
    return {"$document": value} if fault is None else context.fault(path, fault)


def read_params(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return the params of a DAG or task: plain values, or `__type__` Params."""
    params: Arguments = {}
    context = replace(context, take_output=None)
    for key, item in value.items():
        param = dag_factory_values.read_value(context, item, path / key)
        if isinstance(param, dict) and tag_of(param) == "$call" and param["$call"]["path"] != dag_factory_values.PARAM:
            param = context.fault(
                path / key / "__type__", f"is no param; give a plain value or {dag_factory_values.PARAM}"
            )
        params[key] = param
    return ABSENT if ABSENT in params.values() else params


def read_expand(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return what a task is mapped over: for each argument a list, a map, or a task's output."""
    expand = {key: _read_mapped(context, item, path / key) for key, item in value.items()}
    return ABSENT if ABSENT in expand.values() else expand


def _read_mapped(context: Context, value: Any, path: PlainPath) -> Read:
    if isinstance(value, (list, dict)):
        return dag_factory_values.read_value(context, value, path)
    if isinstance(value, str):
        output = read_output(context, value, path, may_be_text=False)
        if isinstance(output, dict) and isinstance(output["$output"], dict):
            return context.fault(
                path,
                "Airflow can't map over one key of an output; let a task return that list alone, and map over it",
            )
        if output is not None:
            return output
    return context.fault(path, f"{kind_of(value)}; give a list, a map, or a task's output such as +extract")


def read_partial(context: Context, value: SentObject, path: PlainPath) -> Read:
    """Return the unmapped arguments of a mapped task, each read as it would be in the task itself."""
    at_fault: set[PlainPath] = set()
    key_schemas = properties("WorkflowTask")
    for key in value:
        if not is_argument(key_schemas.get(key, {})) and not is_ignored(key_schemas[key]):
            context.fault(path / key, f"is no argument; '{key}' belongs in the task, beside 'partial'")
            at_fault.add(path / key)
    for steps, detail in faults(
        "WorkflowTask", {key: item for key, item in value.items() if path / key not in at_fault}
    ):
        context.fault(path.below(steps), detail)
        at_fault.update(path.below(steps).lineage())
    partial_context = replace(context, skipped_paths=context.skipped_paths | at_fault) if at_fault else context
    return read_keys(partial_context, "WorkflowTask", value, path).values


KINDS: Mapping[str, Reader] = {
    "argument": dag_factory_values.read_value,
    "callback": named_functions.read_callback,
    "datasets": schedules.read_datasets,
    "date": dag_factory_values.read_date,
    "document": read_document,
    "expand": read_expand,
    "filters": named_functions.read_filters,
    "flag": read_flag,
    "import": named_functions.read_import,
    "macros": named_functions.read_macros,
    "params": read_params,
    "partial": read_partial,
    "schedule": schedules.read_schedule,
    "template_folders": read_template_folders,
    "timetable": schedules.read_timetable,
    "timezone": read_timezone,
    "value": dag_factory_values.read_value,
}
