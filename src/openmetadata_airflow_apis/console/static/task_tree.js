// The tasks of a DAG as rows: in the order of the graph, each task group as one before its tasks.

import { ancestors } from "./dag_graph.js";

// Answers { id, label, depth, isGroup, members, around }: members, the tasks of it; around, the groups that it is in.
// extra: tasks that runs have and the graph has no more.
export function rowsOf({ groups, tasks }, extra = []) {
  const top = { children: [] };
  const made = new Map();
  const inside = (id) => {
    if (!id) return top;
    if (!made.has(id)) {
      const row = { ...groups.get(id), isGroup: true, members: [], around: ancestors(groups.get(id), groups), children: [] };
      made.set(id, row);
      inside(row.group).children.push(row);
    }
    return made.get(id);
  };
  for (const task of tasks.values()) {
    const around = ancestors(task, groups);
    inside(task.group).children.push({ ...task, members: [task.id], around, children: [] });
    for (const id of around) made.get(id).members.push(task.id);
  }
  for (const id of extra) top.children.push({ id, label: id, members: [id], around: [], children: [] });
  const flat = (row, depth) => row.children.flatMap(({ children, ...own }) => [{ ...own, depth }, ...flat({ children }, depth + 1)]);
  return flat(top, 0);
}
