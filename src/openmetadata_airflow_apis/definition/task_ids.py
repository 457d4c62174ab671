"""The ids of all tasks and groups, and their dependencies. They are read first: a name may mean what comes later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.places import PlainPath
from openmetadata_airflow_apis.definition.task_graph import Entry, Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_graph import Upstream

_TASK_ID = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_GROUP_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class IdsRead:
    """The groups and tasks that have an id of their own. dependencies: what is said to come before them."""

    graph: Graph
    dependencies: Mapping[Entry, Upstream]


def read_ids(context: Context, dag: dict[str, Any]) -> IdsRead:
    """Read the ids, the groups and the dependencies of everything in a plain definition."""
    groups = list(_entries(context, dag.get("task_groups"), PlainPath(("task_groups",)), is_group=True))
    tasks = list(_entries(context, dag.get("tasks"), PlainPath(("tasks",)), is_group=False))
    graph = _graph_of(context, groups, tasks)
    return IdsRead(graph, {entry: _read_dependencies(context, graph, entry) for entry in (*groups, *tasks)})


@dataclass(frozen=True)
class TaskNames:
    """What the tasks of a DAG may be named by, whatever is wrong with them. ids: their own; groups: those of groups."""

    ids: frozenset[str]
    groups: frozenset[str]

    def __contains__(self, name: object) -> bool:
        """Tell whether a text is the id of a task, by itself or after that of a group."""
        group, _, task_id = str(name).rpartition(".")
        return name in self.ids or (task_id in self.ids and group.rpartition(".")[2] in self.groups)


def names_of_tasks(dag: dict[str, Any]) -> TaskNames:
    """Return the names of the tasks in a plain definition."""
    return TaskNames(_ids(dag.get("tasks"), "task_id"), _ids(dag.get("task_groups"), "group_name"))


def _ids(sent: Any, id_key: str) -> frozenset[str]:
    if isinstance(sent, dict):
        return frozenset(sent)
    entries = sent if isinstance(sent, list) else []
    ids = (entry.get(id_key) for entry in entries if isinstance(entry, dict))
    return frozenset(task_id for task_id in ids if isinstance(task_id, str))


def _graph_of(context: Context, groups: list[Entry], tasks: list[Entry]) -> Graph:
    """Return the graph of the tasks and groups, without their dependencies."""
    graph = Graph(context.fault)
    parents = {}
    for group in groups:
        parent, path = _group_named(context, group, "parent_group_name")
        if parent is not None:
            parents[group.label] = (parent, path)
    graph.add_groups(groups, parents)
    for task in tasks:
        group_name, path = _group_named(context, task, "task_group_name")
        graph.add_task(task, group_name, path)
    return graph


def _group_named(context: Context, entry: Entry, key: str) -> tuple[str | None, PlainPath]:
    """Return the group that an entry says it is in, and where it says so."""
    name, path = entry.sent.get(key), entry.path / key
    return name if isinstance(name, str) and path not in context.skipped_paths else None, path


def _entries(context: Context, sent: Any, path: PlainPath, *, is_group: bool) -> Iterator[Entry]:
    """Yield what has a good id, of a map or a list."""
    pairs = sent.items() if isinstance(sent, dict) else enumerate(sent) if isinstance(sent, list) else ()
    for key, keys in pairs:
        if keys is None and is_group:
            keys = {}  # a group without a word about it is a group
        if isinstance(keys, dict):  # the schema has said so of anything else
            entry = _entry(context, key, keys, path / key, is_group=is_group)
            if entry is not None:
                yield entry


def _entry(context: Context, key: str | int, sent: dict[str, Any], path: PlainPath, *, is_group: bool) -> Entry | None:
    """Return an entry by its id: the key that it stands under in a map, what it says of itself in a list."""
    id_key = "group_name" if is_group else "task_id"
    inside, at_id = sent.get(id_key), path / id_key
    if at_id in context.skipped_paths:
        return None
    if isinstance(key, str):
        if inside is not None and inside != key:
            context.fault(at_id, f"{quoted(inside)} is not {quoted(key)}, the key it stands under")
        label, at_id = key, path
    elif inside is None:
        context.fault(path, f"'{id_key}' is missing")
        return None
    else:
        label = inside
    if not (_GROUP_ID if is_group else _TASK_ID).fullmatch(label):
        letters = "letters, digits, '_' and '-'" if is_group else "letters, digits, '_', '-' and '.'"
        context.fault(at_id, f"{quoted(label)} is no id; an id has {letters}")
        return None
    if len(label) > 250:
        context.fault(at_id, "its id is longer than 250 characters")
        return None
    return Entry(label, path, sent, is_group)


def _read_dependencies(context: Context, graph: Graph, entry: Entry) -> Upstream:
    """Return what is said to come before a task or a group."""
    names = entry.sent.get("dependencies")
    upstream: dict[str, PlainPath] = {}
    if not isinstance(names, list):
        return upstream
    path = entry.path / "dependencies"
    for index, name in enumerate(names):
        at_name = path / index
        if isinstance(name, str) and at_name not in context.skipped_paths:
            before = graph.resolve(name, at_name)
            if before is not None:
                upstream.setdefault(before.full_id, at_name)
    return upstream
