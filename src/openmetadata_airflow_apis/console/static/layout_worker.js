// Lays a graph out from left to right, beside the page: of 400 tasks that takes seconds, in which the page goes on.

import { Graph, layout } from "./libraries/dagre.esm.js";

// Takes { id, nodes, groups, edges }: nodes with width, height and group, groups with group. Answers { id, width, height,
// nodes, groups, edges }: the middles of nodes and groups by id, and the points of each edge.
self.addEventListener("message", ({ data: { id, nodes, groups, edges } }) => {
  const laid = new Graph({ compound: true });
  laid.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 46, marginx: 12, marginy: 24 });
  laid.setDefaultEdgeLabel(() => ({}));
  for (const group of groups) laid.setNode(group.id, {});
  for (const node of nodes) laid.setNode(node.id, { width: node.width, height: node.height });
  for (const item of [...groups, ...nodes]) if (item.group) laid.setParent(item.id, item.group);
  for (const [from, to] of edges) laid.setEdge(from, to);
  layout(laid);
  const places = (items) => new Map(items.map((item) => [item.id, { ...laid.node(item.id) }]));
  const { width, height } = laid.graph();
  self.postMessage({
    id,
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: places(nodes),
    groups: places(groups.filter((group) => laid.children(group.id)?.length)),
    edges: laid.edges().map((edge) => ({ from: edge.v, to: edge.w, points: laid.edge(edge).points })),
  });
});
