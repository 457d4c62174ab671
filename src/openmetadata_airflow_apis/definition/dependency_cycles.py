"""Dependencies that go round in a circle, through groups too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.task_ids import Graph, Node, Upstream

_End = tuple[str, str]


def find_cycles(context: Context, graph: Graph, upstreams: Mapping[Node, Upstream]) -> None:
    """Note each cycle of dependencies once, at one of the names that close it."""
    edges, written_at = _edges(graph, upstreams)
    for ring in _rings(edges):
        ids = [node for node, _ in ring]
        # Where the ring's edges are written; those between a group and its content are written nowhere.
        written_paths = [written_at[a, b] for a, b in zip(ring, [*ring[1:], ring[0]]) if (a, b) in written_at]
        distinct_ids = list(dict.fromkeys(ids))
        shown_ids = distinct_ids if len(distinct_ids) <= 8 else [*distinct_ids[:4], "…", *distinct_ids[-3:]]
        chain = " → ".join([*shown_ids, distinct_ids[0]])
        context.fault(written_paths[0], f"goes round in a circle: {chain}; each of these would wait for itself")


def _edges(
    graph: Graph, upstreams: Mapping[Node, Upstream]
) -> tuple[dict[_End, list[_End]], dict[tuple[_End, _End], PlainPath]]:
    edges: dict[_End, list[_End]] = {}
    written_at: dict[tuple[_End, _End], PlainPath] = {}

    def start(node: Node) -> _End:
        return (node.full_id, "start" if node.is_group else "")

    def end(node: Node) -> _End:
        return (node.full_id, "end" if node.is_group else "")

    for node in [*graph.groups, *graph.tasks]:
        edges.setdefault(start(node), [])
        if node.is_group:
            edges.setdefault(end(node), [])
            edges[start(node)].append(end(node))
        parent = graph.node(node.parent) if node.parent else None
        if parent is not None:
            edges.setdefault(start(parent), []).append(start(node))
            edges.setdefault(end(node), []).append(end(parent))
    for node in [*graph.groups, *graph.tasks]:
        for full_id, path in upstreams[node].items():
            upstream_node = graph.node(full_id)
            edges[end(upstream_node)].append(start(node))
            written_at.setdefault((end(upstream_node), start(node)), path)
    return edges, written_at


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
