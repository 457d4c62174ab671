// Lays out a graph from left to right, in a worker: 400 tasks take seconds, in which the page must go on.

import { Graph, layout } from "./libraries/dagre.esm.js";

// Takes { id, nodes, groups, edges }: nodes with width, height and group; groups with group, the one around them. Answers
// { id, width, height, nodes, groups, edges }: the centres of nodes and groups by id, and the points of each edge.
self.addEventListener("message", ({ data: { id, nodes, groups, edges } }) => {
  const graph = new Graph({ compound: true });
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 46, marginx: 12, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const group of groups) graph.setNode(group.id, {});
  for (const node of nodes) graph.setNode(node.id, { width: node.width, height: node.height });
  for (const item of [...groups, ...nodes]) if (item.group) graph.setParent(item.id, item.group);
  for (const [from, to] of edges) graph.setEdge(from, to);
  layout(graph);
  const places = (items) => new Map(items.map((item) => [item.id, { ...graph.node(item.id) }]));
  const { width, height } = graph.graph();
  self.postMessage({
    id,
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: places(nodes),
    groups: places(groups.filter((group) => graph.children(group.id)?.length)),
    edges: graph.edges().map((edge) => ({ from: edge.v, to: edge.w, points: graph.edge(edge).points })),
  });
});
