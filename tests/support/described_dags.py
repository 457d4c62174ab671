"""Describes Airflow DAGs in plain values, serialized or not, so that two of them can be compared.

Needs Airflow alone: scripts/compare_with_dag_factory uses it where this project isn't installed.
"""

from __future__ import annotations

import functools
import inspect
import json
from datetime import date, time, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import attr
from airflow.models.baseoperator import BaseOperator
from airflow.models.dag import DAG
from airflow.models.mappedoperator import MappedOperator
from airflow.models.xcom_arg import PlainXComArg
from airflow.serialization.serialized_objects import SerializedDAG
from airflow.utils.task_group import TaskGroup

# What says where an object stands rather than what it is, and what Airflow fills in as it goes.
_APART = {
    "_context_managed_dag", "_dag", "_edge_info", "_log", "_logger_name", "_pickle_id", "_processor_dags_folder",
    "_task_group", "_BaseOperator__init_kwargs", "_BaseOperator__from_mapped", "_lock_for_execution", "children",
    "dag", "fileloc", "last_loaded", "parent_group", "safe_dag_id", "task_dict", "task_group", "template_searchpath",
    "timetable", "used_group_ids",
}  # fmt: skip


def described(dag: DAG) -> dict[str, Any]:
    """Return all that makes the DAG: what Airflow serializes of it, and what it doesn't."""
    serialized = json.loads(json.dumps(SerializedDAG.to_dict(dag)["dag"]))
    for key in ("fileloc", "_processor_dags_folder"):
        serialized.pop(key, None)
    # Older versions of Airflow have no envelope around a task.
    tasks = [task.get("__var", task) for task in serialized["tasks"]]
    serialized["tasks"] = {task["task_id"]: task for task in tasks}
    return {
        "dag": _attributes(dag),
        "tasks": {task.task_id: _attributes(task) for task in dag.tasks},
        "groups": {name: _attributes(group) for name, group in dag.task_group.get_task_group_dict().items()},
        "serialized": serialized,
    }


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Return where two descriptions differ, a line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [*expected, *(key for key in found if key not in expected)]
        return [
            line
            for key in keys
            for line in differences(expected.get(key, _NOTHING), found.get(key, _NOTHING), f"{place}/{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{place}/{index}")]
    # 1, 1.0 and True are equal to Python, and different in a DAG.
    if expected == found and type(expected) is type(found):
        return []
    return [f"{place}: {expected!r} is expected, not {found!r}"]


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


def _attributes(thing: Any) -> dict[str, Any]:
    """Return an object's attributes by name, whether they were arguments or came of them."""
    names = [field.name for field in attr.fields(type(thing))] if attr.has(type(thing)) else vars(thing)
    result = {name: _value(getattr(thing, name, None)) for name in names if name not in _APART}
    if isinstance(thing, (BaseOperator, MappedOperator)):
        result["class"] = _path(thing.operator_class if isinstance(thing, MappedOperator) else type(thing))
    return result


def _value(value: Any) -> Any:
    for types, describe in _KINDS:
        if isinstance(value, types):
            return describe(value)
    if callable(getattr(value, "to_dict", None)):  # Kubernetes' models
        return {_path(type(value)): _value({key: item for key, item in value.to_dict().items() if item is not None})}
    if attr.has(type(value)) or hasattr(value, "__dict__"):
        return {_path(type(value)): _attributes(value)}
    return repr(value)


def _map(value: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): _value(item) for key, item in value.items()}


def _set(value: set[Any] | frozenset[Any]) -> list[Any]:
    return sorted(map(_value, value), key=repr)


def _named_tuple_or_list(value: tuple[Any, ...] | list[Any]) -> Any:
    if hasattr(value, "_asdict"):
        return {_path(type(value)): _map(value._asdict())}
    return [_value(item) for item in value]


def _zone(value: tzinfo) -> str:
    name = getattr(value, "name", None) or str(value)
    return "UTC" if name == "+00:00" else name  # what pendulum 2 makes of datetime.timezone.utc


def _partial(value: functools.partial[Any]) -> dict[str, Any]:
    return {"partial": _value(value.func), "args": _value(value.args), "keywords": _value(value.keywords)}


def _function(value: Any) -> str:
    """Return a function by its file below dag_managed_operators, or by its module."""
    value = inspect.unwrap(value)
    parts = Path(value.__code__.co_filename).parts
    if "dag_managed_operators" in parts:
        home = "/".join(parts[parts.index("dag_managed_operators") + 1 :])
        return f"{value.__qualname__} of {home}"
    return f"function {value.__module__}.{value.__qualname__}"  # its dotted path as a text is another value


def _path(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}" if isinstance(value, type) else getattr(value, "__name__", value)


_KINDS: tuple[tuple[Any, Any], ...] = (
    ((type(None), bool, int, float, str), lambda value: value.value if isinstance(value, Enum) else value),
    (Enum, lambda value: value.value),
    (dict, _map),
    ((set, frozenset), _set),
    ((list, tuple), _named_tuple_or_list),
    (timedelta, lambda value: f"{value.total_seconds()} seconds"),
    ((date, time), lambda value: value.isoformat()),
    (tzinfo, _zone),
    ((type, ModuleType), _path),
    (functools.partial, _partial),
    (type(_path), _function),
    (type("".join), lambda value: value.__qualname__),
    (PlainXComArg, lambda value: f"output of {value.operator.task_id}, key {value.key}"),
    ((BaseOperator, MappedOperator), lambda value: f"task {value.task_id}"),
    (DAG, lambda value: f"DAG {value.dag_id}"),
    (TaskGroup, lambda value: f"group {value.group_id}"),
)
