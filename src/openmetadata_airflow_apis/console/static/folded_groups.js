// Which task groups are folded: in a drawing or a grid at first, and a graph as it is drawn with them.

import { ancestors } from "./dag_graph.js";

const UNFOLDED = 60; // in a DAG with more tasks, the groups are folded at first

// The ids of the groups that a drawing or a grid of the graph begins with folded.
export function foldedAtFirst({ groups, tasks }) {
  return new Set(tasks.size > UNFOLDED ? groups.keys() : []);
}

// The graph as it is drawn: { nodes, open, edges }. A group in `closed` is drawn as one node; open: the other groups.
export function folded({ groups, tasks, edges }, closed) {
  const foldedInto = (item) => ancestors(item, groups).filter((id) => closed.has(id)).at(-1);
  const nodes = new Map();
  for (const task of tasks.values()) {
    const groupId = foldedInto(task);
    if (!groupId) nodes.set(task.id, { ...task, members: [task.id] });
    else if (nodes.has(groupId)) nodes.get(groupId).members.push(task.id);
    else nodes.set(groupId, { ...groups.get(groupId), members: [task.id], isGroup: true });
  }
  const open = [...groups.values()].filter((group) => !closed.has(group.id) && !foldedInto(group));
  const nodeIds = new Map([...nodes.values()].flatMap((node) => node.members.map((id) => [id, node.id])));
  const drawnEdges = new Map();
  for (const [from, to] of edges) {
    const pair = [nodeIds.get(from), nodeIds.get(to)];
    if (pair[0] !== pair[1]) drawnEdges.set(JSON.stringify(pair), pair);
  }
  return { nodes: [...nodes.values()], open, edges: [...drawnEdges.values()] };
}
