"""A key that is null counts as not given; only `schedule: null` has a meaning of its own.

The rule holds for the keys of the workflow, the DAG, its default_args, its tasks and its task groups: null also removes
what the default block says of a key, and what default_args say of a task's argument. Inside the value of an argument
(in op_kwargs, say) null stays what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name, schedule_keys
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from openmetadata_airflow_apis.definition.json_limits import SentObject

# No argument starts with this, so that such a key is a fault even if it is null, as is an unknown key of the DAG.
_ALWAYS_A_FAULT = "$"


def without_null_keys(dag: Any) -> Any:
    """Return a DAG's definition without the keys that are null; anything but a map is returned as it is.

    A task's key stays null if default_args give the argument: without the null Airflow would use theirs.
    """
    if not isinstance(dag, dict):
        return dag
    by_default = _names(dag.get("default_args"))
    groups = dag.get("task_groups")
    for group in groups if isinstance(groups, list) else groups.values() if isinstance(groups, dict) else ():
        by_default |= _names(group.get("default_args") if isinstance(group, dict) else None)
    of_keys = properties("WorkflowTask")
    kept = {
        key for key, of_key in of_keys.items() if of_key.get("nullable") and airflow_name(key, of_key) in by_default
    }
    kept |= by_default - set(of_keys)

    def clean_task(task: Any) -> Any:
        return _cleaned(task, kept=kept, below={"partial": _cleaned})

    below = {"default_args": _cleaned, "tasks": _each(clean_task), "task_groups": _each(_clean_group)}
    return _cleaned(dag, kept={*schedule_keys(), *(set(dag) - set(properties("WorkflowDag")))}, below=below)


def without_null_keys_of_flat_body(body: SentObject) -> SentObject:
    """Return a flat body without the keys that are null, those of its tasks included."""
    cleaned: SentObject = _cleaned(body, kept=schedule_keys(), below={"tasks": _each(_clean_flat_task)})
    return cleaned


def _names(default_args: Any) -> set[str]:
    """Return Airflow's names of what default_args give."""
    if not isinstance(default_args, dict):
        return set()
    of_keys = properties("WorkflowDefaultArgs")
    return {airflow_name(key, of_keys.get(key, {})) for key, value in default_args.items() if value is not None}


def _cleaned(keys: Any, *, kept: Collection[str] = (), below: Mapping[str, Callable[[Any], Any]] | None = None) -> Any:
    if not isinstance(keys, dict):
        return keys
    cleaners = below or {}
    return {
        key: cleaners[key](value) if key in cleaners else value
        for key, value in keys.items()
        if value is not None or key in kept or key.startswith(_ALWAYS_A_FAULT)
    }


def _clean_group(group: Any) -> Any:
    return _cleaned(group, below={"default_args": _cleaned})


def _clean_flat_task(task: Any) -> Any:
    return _cleaned(task, below={"config": _cleaned})


def _each(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that cleans each of the tasks or groups in a list, or in a map by their ids."""

    def clean_each(entries: Any) -> Any:
        if isinstance(entries, list):
            return [clean(entry) for entry in entries]
        return {key: clean(entry) for key, entry in entries.items()} if isinstance(entries, dict) else entries

    return clean_each
