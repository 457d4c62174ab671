"""The ids of all tasks and groups, and their dependencies. They are read first: a name may mean a later task."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.places import PlainPath
from openmetadata_airflow_apis.definition.task_graph import Entry, Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_graph import Upstream

_TASK_ID = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_GROUP_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True)
class IdsRead:
    """The groups and tasks that have an id of their own. dependencies: what each of them says comes before it."""

    graph: Graph
    dependencies: Mapping[Entry, Upstream]


def read_ids(context: Context, dag: SentObject) -> IdsRead:
    """Read the ids, the groups and the dependencies of everything in a plain definition."""
    groups = list(_entries(context, dag.get("task_groups"), PlainPath(("task_groups",)), is_group=True))
    tasks = list(_entries(context, dag.get("tasks"), PlainPath(("tasks",)), is_group=False))
    graph = _graph_of(context, groups, tasks)
    return IdsRead(graph, {entry: _read_dependencies(context, graph, entry) for entry in (*groups, *tasks)})


@dataclass(frozen=True)
class TaskNames:
    """The names of a DAG's tasks, even of those at fault. ids: their own; groups: the ids of the task groups."""

    ids: frozenset[str]
    groups: frozenset[str]

    def __contains__(self, name: object) -> bool:
        """Tell whether a text is the id of a task, by itself or after that of a group."""
        group, _, task_id = str(name).rpartition(".")
        return name in self.ids or (task_id in self.ids and group.rpartition(".")[2] in self.groups)


def names_of_tasks(dag: SentObject) -> TaskNames:
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
    """Yield the tasks or groups of a map or a list that have a valid id."""
    pairs = sent.items() if isinstance(sent, dict) else enumerate(sent) if isinstance(sent, list) else ()
    for key, keys in pairs:
        if keys is None and is_group:
            keys = {}  # a group needs no keys
        if isinstance(keys, dict):  # the schema has found the fault of anything else
            entry = _entry(context, key, keys, path / key, is_group=is_group)
            if entry is not None:
                yield entry


def _entry(context: Context, key: str | int, sent: SentObject, path: PlainPath, *, is_group: bool) -> Entry | None:
    """Return a task or group with its id: its key in a map, the id among its keys in a list. None for a faulty id."""
    id_key = "group_name" if is_group else "task_id"
    own_id, at_id = sent.get(id_key), path / id_key
    if at_id in context.skipped_paths:
        return None
    if isinstance(key, str):
        if own_id is not None and own_id != key:
            context.fault(at_id, f"{quoted(own_id)} is not {quoted(key)}, the key it stands under")
        label, at_id = key, path
    elif own_id is None:
        context.fault(path, f"'{id_key}' is missing")
        return None
    else:
        label = own_id
    if not (_GROUP_ID if is_group else _TASK_ID).fullmatch(label):
        letters = "letters, digits, '_' and '-'" if is_group else "letters, digits, '_', '-' and '.'"
        context.fault(at_id, f"{quoted(label)} is no id; an id has {letters}")
        return None
    if len(label) > 250:
        context.fault(at_id, "its id is longer than 250 characters")
        return None
    return Entry(label, path, sent, is_group)


def _read_dependencies(context: Context, graph: Graph, entry: Entry) -> Upstream:
    """Return what a task or a group says comes before it."""
    names = entry.sent.get("dependencies")
    upstream: dict[str, PlainPath] = {}
    if not isinstance(names, list):
        return upstream
    path = entry.path / "dependencies"
    for index, name in enumerate(names):
        at_name = path / index
        if isinstance(name, str) and at_name not in context.skipped_paths:
            upstream_node = graph.resolve(name, at_name)
            if upstream_node is not None:
                upstream.setdefault(upstream_node.full_id, at_name)
    return upstream
