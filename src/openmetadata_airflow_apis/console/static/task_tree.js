// The tasks of a DAG as rows, in the order of the graph; each task group has a row before its tasks.

import { ancestors } from "./dag_graph.js";

// Answers rows { id, label, depth, isGroup, members, around }. members: the ids of the tasks in it. around: the ids of the
// groups that it is in. extra: the ids of tasks that runs have and the graph no longer has.
export function rowsOf({ groups, tasks }, extra = []) {
  const top = { children: [] };
  const groupRows = new Map();
  const rowOfGroup = (id) => {
    if (!id) return top;
    if (!groupRows.has(id)) {
      const row = { ...groups.get(id), isGroup: true, members: [], around: ancestors(groups.get(id), groups), children: [] };
      groupRows.set(id, row);
      rowOfGroup(row.group).children.push(row);
    }
    return groupRows.get(id);
  };
  for (const task of tasks.values()) {
    const around = ancestors(task, groups);
    rowOfGroup(task.group).children.push({ ...task, members: [task.id], around, children: [] });
    for (const id of around) groupRows.get(id).members.push(task.id);
  }
  for (const id of extra) top.children.push({ id, label: id, members: [id], around: [], children: [] });
  const flat = (row, depth) => row.children.flatMap(({ children, ...own }) => [{ ...own, depth }, ...flat({ children }, depth + 1)]);
  return flat(top, 0);
}
