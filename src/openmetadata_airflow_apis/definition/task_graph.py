"""Ids and edges: full ids as Airflow makes them, who a name means, unknown names, doubles, cycles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.definition.fault_messages import nearest, quoted

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.workflow import Path

# Airflow walks through nested groups by recursion, often.
_DEEPEST = 50

Fault = Callable[["Path", str], object]


@dataclass(eq=False)
class Node:
    """A task or a group: its own id, where it stands, the group it is in, what comes before it.

    full_id: the id that Airflow gives it. upstream: full ids → the path of the name that put it there.
    """

    label: str
    path: Path
    is_group: bool
    parent: str | None = None
    prefixes: bool = True
    full_id: str = ""
    upstream: dict[str, Path] = field(default_factory=dict)


class Graph:
    """The tasks and groups of one definition, by full id and by their own."""

    def __init__(self) -> None:
        self.groups: list[Node] = []
        self.tasks: list[Node] = []
        self._by_full_id: dict[str, Node] = {}
        self._by_label: dict[tuple[bool, str], list[Node]] = {}

    def add_groups(self, groups: list[Node], parents: dict[str, tuple[str, Path]], fault: Fault) -> None:
        """Take the groups, parents first. parents: a group's own id → its parent's, and where that is said."""
        by_label: dict[str, Node] = {}
        for group in groups:
            if by_label.setdefault(group.label, group) is not group:
                fault(group.path, f"the id {quoted(group.label)} is a task group's already; give another")
        for label, (parent, path) in list(parents.items()):
            if parent not in by_label:
                fault(path, f"there is no task group {quoted(parent)}{nearest(parent, by_label)}")
                del parents[label]
        levels: dict[str, int] = {}
        for group in groups:
            chain: list[Node] = []
            node: Node | None = group
            while node is not None and node.label not in levels:
                chain.append(node)
                levels[node.label] = 0  # until its parents are known
                node = self._parent(node, by_label, parents, chain, fault)
            for above in reversed(chain):
                around = by_label[parents[above.label][0]] if above.label in parents else None
                above.parent = around.full_id if around is not None else None
                levels[above.label] = levels[around.label] + 1 if around is not None else 1
                if levels[above.label] == _DEEPEST + 1:
                    fault(above.path, f"is nested in more than {_DEEPEST} other groups")
                self._add(above, fault)
                self.groups.append(above)

    @staticmethod
    def _parent(
        node: Node, by_label: dict[str, Node], parents: dict[str, tuple[str, Path]], chain: list[Node], fault: Fault
    ) -> Node | None:
        if node.label not in parents:
            return None
        parent, path = parents[node.label]
        if by_label[parent] in chain:
            fault(path, f"the group {quoted(node.label)} would be inside of itself")
            del parents[node.label]
            return None
        return by_label[parent]

    def add_task(self, task: Node, group: str | None, path: Path, fault: Fault) -> None:
        """Take a task. group: the id of its group, as it was sent; path: where that is said."""
        if group is not None:
            found = self.find(group, groups=True)
            if found is None:
                known = [node.label for node in self.groups]
                fault(path, f"there is no task group {quoted(group)}{nearest(group, known)}")
            else:
                task.parent = found.full_id
        self._add(task, fault)
        self.tasks.append(task)

    def _add(self, node: Node, fault: Fault) -> None:
        parent = self._by_full_id.get(node.parent) if node.parent else None
        node.full_id = f"{node.parent}.{node.label}" if parent is not None and parent.prefixes else node.label
        if node.full_id in self._by_full_id:
            other = "a task group" if self._by_full_id[node.full_id].is_group else "a task"
            fault(node.path, f"the id {quoted(node.full_id)} is {other}'s already; give another")
        elif len(node.full_id) > 250:
            fault(node.path, "its id is longer than 250 characters, with the ids of its groups before it")
        self._by_full_id.setdefault(node.full_id, node)
        self._by_label.setdefault((node.is_group, node.label), []).append(node)

    def find(self, name: str, *, groups: bool) -> Node | None:
        """Return the task (or group) that a name means: its full id, or its own id where only one has it."""
        node = self._by_full_id.get(name)
        if node is not None and node.is_group == groups:
            return node
        nodes = self._by_label.get((groups, name), [])
        return nodes[0] if len(nodes) == 1 else None

    def resolve(self, name: str, path: Path, fault: Fault, *, groups: bool = True) -> Node | None:
        """Return what a dependency's name means; note a fault where it means nothing, or several things."""
        node = self.find(name, groups=False) or (self.find(name, groups=True) if groups else None)
        if node is not None:
            return node
        several = self._by_label.get((False, name)) or self._by_label.get((True, name))
        if several:
            ids = " or ".join(quoted(node.full_id) for node in several)
            fault(path, f"{quoted(name)} may be {ids}; give the whole id")
        else:
            known = [node.label for node in self.tasks] + ([node.label for node in self.groups] if groups else [])
            what = "task or task group" if groups and self.groups else "task"
            fault(path, f"there is no {what} {quoted(name)}{nearest(name, known)}")
        return None

    def find_cycles(self, fault: Fault) -> None:
        """Note each cycle of dependencies once, at one of the names that close it."""
        edges, said = self._edges()
        for ring in _rings(edges):
            ids = [node for node, _ in ring]
            # An edge of a ring that somebody wrote: those between a group and its content are nobody's.
            written = [said[a, b] for a, b in zip(ring, [*ring[1:], ring[0]]) if (a, b) in said]
            names = list(dict.fromkeys(ids))
            shown = names if len(names) <= 8 else [*names[:4], "…", *names[-3:]]
            chain = " → ".join([*shown, names[0]])
            fault(written[0], f"goes round in a circle: {chain}; each of these would wait for itself")

    def _edges(self) -> tuple[dict[_End, list[_End]], dict[tuple[_End, _End], Path]]:
        edges: dict[_End, list[_End]] = {}
        said: dict[tuple[_End, _End], Path] = {}

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
            for full_id, path in node.upstream.items():
                before = self._by_full_id[full_id]
                edges[end(before)].append(start(node))
                said.setdefault((end(before), start(node)), path)
        return edges, said


_End = tuple[str, str]


def _rings(edges: dict[_End, list[_End]]) -> list[list[_End]]:
    """Return one ring for each place where the edges go round, without recursion: chains may be long."""
    rings: list[list[_End]] = []
    state: dict[_End, int] = {}
    for root in edges:
        if root in state:
            continue
        path: list[_End] = [root]
        state[root] = 1
        iterators = [iter(edges[root])]
        while path:
            for after in iterators[-1]:
                if state.get(after) == 1:
                    rings.append(path[path.index(after) :])
                elif after not in state:
                    state[after] = 1
                    path.append(after)
                    iterators.append(iter(edges[after]))
                    break
            else:
                state[path.pop()] = 2
                iterators.pop()
    return rings
