"""Ids and edges: full ids as Airflow makes them, what a name means, unknown names, double ids, cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.definition.fault_messages import nearest_or_all, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath

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

    def find_cycles(self, upstreams: Mapping[Node, Upstream]) -> None:
        """Note each cycle of dependencies once, at one of the names that close it."""
        edges, written_at = self._edges(upstreams)
        for ring in _rings(edges):
            ids = [node for node, _ in ring]
            # Where the ring's edges are written; those between a group and its content are written nowhere.
            written_paths = [written_at[a, b] for a, b in zip(ring, [*ring[1:], ring[0]]) if (a, b) in written_at]
            distinct_ids = list(dict.fromkeys(ids))
            shown_ids = distinct_ids if len(distinct_ids) <= 8 else [*distinct_ids[:4], "…", *distinct_ids[-3:]]
            chain = " → ".join([*shown_ids, distinct_ids[0]])
            self._note_fault(written_paths[0], f"goes round in a circle: {chain}; each of these would wait for itself")

    def _edges(
        self, upstreams: Mapping[Node, Upstream]
    ) -> tuple[dict[_End, list[_End]], dict[tuple[_End, _End], PlainPath]]:
        edges: dict[_End, list[_End]] = {}
        written_at: dict[tuple[_End, _End], PlainPath] = {}

        def start(node: Node) -> _End:
            return (node.full_id, "start" if node.is_group else "")

        def end(node: Node) -> _End:
            return (node.full_id, "end" if node.is_group else "")

        for node in [*self.groups, *self.tasks]:
            edges.setdefault(start(node), [])
            if node.is_group:
                edges.setdefault(end(node), [])
                edges[start(node)].append(end(node))
            parent = self._by_full_id.get(node.parent) if node.parent else None
            if parent is not None:
                edges.setdefault(start(parent), []).append(start(node))
                edges.setdefault(end(node), []).append(end(parent))
        for node in [*self.groups, *self.tasks]:
            for full_id, path in upstreams[node].items():
                upstream_node = self._by_full_id[full_id]
                edges[end(upstream_node)].append(start(node))
                written_at.setdefault((end(upstream_node), start(node)), path)
        return edges, written_at


_End = tuple[str, str]


def _rings(edges: dict[_End, list[_End]]) -> list[list[_End]]:
    """Return one ring for each edge that closes a cycle. Without recursion, since chains may be long."""
    rings: list[list[_End]] = []
    state: dict[_End, int] = {}  # 1: on the path, 2: done
    for root in edges:
        if root in state:
            continue
        path: list[_End] = [root]
        state[root] = 1
        iterators = [iter(edges[root])]
        while path:
            for next_end in iterators[-1]:
                if state.get(next_end) == 1:
                    rings.append(path[path.index(next_end) :])
                elif next_end not in state:
                    state[next_end] = 1
                    path.append(next_end)
                    iterators.append(iter(edges[next_end]))
                    break
            else:
                state[path.pop()] = 2
                iterators.pop()
    return rings
