"""What a deploy would change: two canonical definitions side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A key of the DAG whose value changes; None stands for a key that is not given."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Changes:
    """The difference between two definitions, in the order of the documents.

    tasks_changed: task_id → the keys that differ, an argument as "arguments.NAME". Edges are pairs of ids of
    tasks or task groups: the one that comes before, the one that comes after.
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


def changes_between(before: dict[str, Any] | None, after: dict[str, Any]) -> Changes:
    """Return what differs between two canonical definitions; None stands for nothing deployed."""
    before = before or {"dag": {}, "tasks": []}
    old_tasks, new_tasks = _by_id(before["tasks"], "task_id"), _by_id(after["tasks"], "task_id")
    old_groups = _by_id(before.get("task_groups") or [], "group_id")
    new_groups = _by_id(after.get("task_groups") or [], "group_id")
    old_edges, new_edges = _edges(old_tasks, old_groups), _edges(new_tasks, new_groups)
    task_keys = {id_: _differing(old_tasks[id_], task) for id_, task in new_tasks.items() if id_ in old_tasks}
    return Changes(
        dag=tuple(
            Difference(key, before["dag"].get(key), after["dag"].get(key))
            for key in {**before["dag"], **after["dag"]}
            if before["dag"].get(key) != after["dag"].get(key) or (key in before["dag"]) != (key in after["dag"])
        ),
        tasks_added=_missing(new_tasks, old_tasks),
        tasks_removed=_missing(old_tasks, new_tasks),
        tasks_changed={id_: keys for id_, keys in task_keys.items() if keys},
        edges_added=_missing(new_edges, old_edges),
        edges_removed=_missing(old_edges, new_edges),
        task_groups_added=_missing(new_groups, old_groups),
        task_groups_removed=_missing(old_groups, new_groups),
        task_groups_changed=tuple(
            id_ for id_, group in new_groups.items() if id_ in old_groups and _differing(old_groups[id_], group)
        ),
    )


def _by_id(items: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {item[key]: item for item in items}


def _edges(*nodes: dict[str, dict[str, Any]]) -> dict[tuple[str, str], None]:
    return {
        (upstream, id_): None for kind in nodes for id_, node in kind.items() for upstream in node.get("upstream") or []
    }


def _missing(items: dict[Any, Any], among: dict[Any, Any]) -> tuple[Any, ...]:
    return tuple(item for item in items if item not in among)


def _differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys whose values differ, except `upstream`: edges have fields of their own."""
    keys = []
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if key == "upstream" or old == new:
            continue
        if key in ("arguments", "expand", "partial"):
            inner = {**(old or {}), **(new or {})}
            keys += [f"{key}.{name}" for name in inner if (old or {}).get(name) != (new or {}).get(name)]
        else:
            keys.append(key)
    return tuple(keys)
