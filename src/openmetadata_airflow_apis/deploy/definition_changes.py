"""What a deploy would change: two canonical definitions side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openmetadata_airflow_apis.definition.canonical import Definition, Task, TaskGroup, Value

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Difference:
    """A key whose value changes; None stands for a key that is not given."""

    key: str
    before: Value
    after: Value


@dataclass(frozen=True)
class Changes:
    """The difference between two definitions, in the order of the documents.

    tasks_changed: task_id → the keys that differ, an argument as "arguments.NAME"; task_differences has their values.
    An edge is a pair of ids of tasks or task groups: upstream, downstream.
    """

    dag: tuple[Difference, ...]
    tasks_added: tuple[str, ...]
    tasks_removed: tuple[str, ...]
    tasks_changed: dict[str, tuple[str, ...]]
    edges_added: tuple[tuple[str, str], ...]
    edges_removed: tuple[tuple[str, str], ...]
    task_groups_added: tuple[str, ...]
    task_groups_removed: tuple[str, ...]
    task_groups_changed: tuple[str, ...]
    task_differences: dict[str, tuple[Difference, ...]]


def changes_between(before: Definition | None, after: Definition) -> Changes:
    """Return what differs between two canonical definitions; None stands for nothing deployed."""
    before = before or {"dag_id": "", "dag": {}, "task_groups": [], "tasks": []}
    old_tasks, new_tasks = _tasks_of(before), _tasks_of(after)
    old_groups, new_groups = _groups_of(before), _groups_of(after)
    old_edges, new_edges = _edges(old_tasks, old_groups), _edges(new_tasks, new_groups)
    compared_tasks = {id_: _differing(old_tasks[id_], task) for id_, task in new_tasks.items() if id_ in old_tasks}
    changed_tasks = {id_: differences for id_, differences in compared_tasks.items() if differences}
    return Changes(
        dag=tuple(
            Difference(key, before["dag"].get(key), after["dag"].get(key))
            for key in {**before["dag"], **after["dag"]}
            if before["dag"].get(key) != after["dag"].get(key) or (key in before["dag"]) != (key in after["dag"])
        ),
        tasks_added=_missing(new_tasks, old_tasks),
        tasks_removed=_missing(old_tasks, new_tasks),
        tasks_changed={
            id_: tuple(difference.key for difference in differences) for id_, differences in changed_tasks.items()
        },
        edges_added=_missing(new_edges, old_edges),
        edges_removed=_missing(old_edges, new_edges),
        task_groups_added=_missing(new_groups, old_groups),
        task_groups_removed=_missing(old_groups, new_groups),
        task_groups_changed=tuple(
            id_ for id_, group in new_groups.items() if id_ in old_groups and _differing(old_groups[id_], group)
        ),
        task_differences=changed_tasks,
    )


def _tasks_of(definition: Definition) -> dict[str, Task]:
    return {task["task_id"]: task for task in definition["tasks"]}


def _groups_of(definition: Definition) -> dict[str, TaskGroup]:
    return {group["group_id"]: group for group in definition.get("task_groups") or []}


def _edges(tasks: Mapping[str, Task], groups: Mapping[str, TaskGroup]) -> dict[tuple[str, str], None]:
    nodes = [*tasks.items(), *groups.items()]
    return {(upstream, id_): None for id_, node in nodes for upstream in node.get("upstream") or []}


def _missing(items: Iterable[_Item], among: Mapping[_Item, object]) -> tuple[_Item, ...]:
    return tuple(item for item in items if item not in among)


def _differing(before: Mapping[str, Value], after: Mapping[str, Value]) -> tuple[Difference, ...]:
    """Return the differences, key by key, except `upstream`: edges have fields of their own."""
    differences = []
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if key == "upstream" or old == new:
            continue
        if key in ("arguments", "expand", "partial"):
            old, new = old or {}, new or {}
            differences += [
                Difference(f"{key}.{name}", old.get(name), new.get(name))
                for name in {**old, **new}
                if old.get(name) != new.get(name)
            ]
        else:
            differences.append(Difference(key, old, new))
    return tuple(differences)
