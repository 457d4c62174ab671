"""The ids of tasks and groups: full ids as Airflow makes them, what a name means, unknown names, double ids.

They are read first, with the dependencies that name them: a name may mean a later task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from openmetadata_airflow_apis.definition.fault_messages import nearest_or_all, quoted
from openmetadata_airflow_apis.definition.places import PlainPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.reading_context import Context

    NoteFault = Callable[[PlainPath, str], object]
    # The tasks and groups before a node: their full ids → where it is said that they come before.
    Upstream = Mapping[str, PlainPath]

# Airflow often walks through nested groups by recursion.
_DEEPEST = 50


@dataclass(frozen=True, eq=False)
class Entry:
    """A task or a group as it was sent. label: its own id. path: where it stands."""

    label: str
    path: PlainPath
    sent: SentObject
    is_group: bool


@dataclass(frozen=True, eq=False)
class Node:
    """A task or a group with its place among the others.

    full_id: the id that Airflow gives it. parent: the full id of the group that it is in.
    """

    entry: Entry
    full_id: str
    parent: str | None

    @property
    def label(self) -> str:
        """Its own id."""
        return self.entry.label

    @property
    def path(self) -> PlainPath:
        """Where it stands."""
        return self.entry.path

    @property
    def sent(self) -> SentObject:
        """What was sent for it."""
        return self.entry.sent

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return self.entry.is_group


class Graph:
    """The tasks and groups of one definition, found by full id or own id. Groups are added before tasks."""

    def __init__(self, note_fault: NoteFault) -> None:
        self._note_fault = note_fault
        self.groups: list[Node] = []
        self.tasks: list[Node] = []
        self._by_full_id: dict[str, Node] = {}
        self._by_label: dict[tuple[bool, str], list[Node]] = {}

    def add_groups(self, entries: list[Entry], parents: Mapping[str, tuple[str, PlainPath]]) -> None:
        """Add the groups, each after the group that it is in.

        parents: a group's own id → the own id of the group that it is in, and where that is said.
        """
        by_label: dict[str, Entry] = {}
        for entry in entries:
            if by_label.setdefault(entry.label, entry) is not entry:
                self._note_fault(entry.path, f"the id {quoted(entry.label)} is a task group's already; give another")
        known_parents: dict[str, tuple[str, PlainPath]] = {}
        for label, (parent, path) in parents.items():
            if parent in by_label:
                known_parents[label] = (parent, path)
            else:
                self._note_fault(path, f"there is no task group {quoted(parent)}{nearest_or_all(parent, by_label)}")
        added: dict[str, tuple[Node, int]] = {}  # label → the node, and how deep it is
        for label in by_label:
            labels, around = self._not_yet_added(label, known_parents, added)
            parent_node, depth = added[around] if around is not None else (None, 0)
            for inner in reversed(labels):
                depth += 1
                if depth == _DEEPEST + 1:
                    self._note_fault(by_label[inner].path, f"is nested in more than {_DEEPEST} other groups")
                parent_node = self._add(by_label[inner], parent_node)
                added[inner] = (parent_node, depth)
                self.groups.append(parent_node)

    def _not_yet_added(
        self, label: str, parents: Mapping[str, tuple[str, PlainPath]], added: Mapping[str, object]
    ) -> tuple[list[str], str | None]:
        """Return a group and those around it to add, from the inside out, and the first that is added already.

        A group that is inside of itself is a fault; it is then treated as one that is in no group.
        """
        labels: list[str] = []
        above: str | None = label
        while above is not None and above not in added:
            labels.append(above)
            parent, path = parents.get(above, (None, None))
            if path is not None and parent in labels:
                self._note_fault(path, f"the group {quoted(above)} would be inside of itself")
                return labels, None
            above = parent
        return labels, above

    def add_task(self, entry: Entry, group: str | None, path: PlainPath) -> None:
        """Add a task. group: the id of its group, as it was sent; path: where that is said."""
        parent = self.find(group, groups=True) if group is not None else None
        if group is not None and parent is None:
            known_labels = [node.label for node in self.groups]
            self._note_fault(path, f"there is no task group {quoted(group)}{nearest_or_all(group, known_labels)}")
        self.tasks.append(self._add(entry, parent))

    def _add(self, entry: Entry, parent: Node | None) -> Node:
        full_id = entry.label
        if parent is not None and self._by_full_id[parent.full_id].sent.get("prefix_group_id", True) is not False:
            full_id = f"{parent.full_id}.{entry.label}"
        node = Node(entry, full_id, parent.full_id if parent is not None else None)
        if full_id in self._by_full_id:
            kind = "a task group" if self._by_full_id[full_id].is_group else "a task"
            self._note_fault(node.path, f"the id {quoted(full_id)} is {kind}'s already; give another")
        elif len(full_id) > 250:
            self._note_fault(node.path, "its id is longer than 250 characters, with the ids of its groups before it")
        self._by_full_id.setdefault(full_id, node)
        self._by_label.setdefault((node.is_group, node.label), []).append(node)
        return node

    def node(self, full_id: str) -> Node:
        """Return the task or the group that has a full id."""
        return self._by_full_id[full_id]

    def find(self, name: str, *, groups: bool) -> Node | None:
        """Return the task (or group) that a name means: its full id, or its own id if no other has that one."""
        node = self._by_full_id.get(name)
        if node is not None and node.is_group == groups:
            return node
        nodes = self._by_label.get((groups, name), [])
        return nodes[0] if len(nodes) == 1 else None

    def resolve(self, name: str, path: PlainPath, *, groups: bool = True, advice: str = "") -> Node | None:
        """Return what a dependency's name means; note a fault if it means nothing, or several things.

        groups: whether it may mean a group. advice: what the fault says at its end.
        """
        # A whole id goes first: what has the same as its own id can be named by its whole one, but not the other way.
        whole = self._by_full_id.get(name)
        if whole is not None and (groups or not whole.is_group):
            return whole
        node = self.find(name, groups=False) or (self.find(name, groups=True) if groups else None)
        if node is not None:
            return node
        candidates = self._by_label.get((False, name)) or (self._by_label.get((True, name)) if groups else None)
        if candidates:
            ids = " or ".join(quoted(node.full_id) for node in candidates)
            self._note_fault(path, f"{quoted(name)} may be {ids}; give the whole id{advice}")
        else:
            known_labels = [node.label for node in self.tasks] + (
                [node.label for node in self.groups] if groups else []
            )
            kind = "task or task group" if groups and self.groups else "task"
            self._note_fault(path, f"there is no {kind} {quoted(name)}{nearest_or_all(name, known_labels)}{advice}")
        return None


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
