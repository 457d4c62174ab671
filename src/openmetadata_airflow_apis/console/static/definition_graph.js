// The tasks, groups and edges of a deployed DAG, from the canonical definition of its version.

import { send, sentence } from "./http.js";
import { versionsPath } from "./links.js";

// Resolves to what graphOf() answers, null if there is no version to read; rejects if there may be one later.
export async function readGraph(dagId, versionNumber) {
  if (!versionNumber) return null;
  const answer = await send({ method: "GET", path: `${versionsPath(dagId)}/${versionNumber}` });
  if (!answer.ok && answer.status !== 403 && answer.status !== 404) throw new Error(sentence(answer));
  return answer.ok ? graphOf(answer.body.canonical_definition) : null;
}

// Answers { groups, tasks, edges }. groups, tasks: maps by id; the tasks in the order of the graph. edges: pairs of task
// ids; an edge from a group becomes edges from its last tasks, an edge to a group becomes edges to its first tasks.
export function graphOf({ task_groups: sentGroups = [], tasks: sentTasks, dag }) {
  const groups = new Map(sentGroups.map((group) => [group.group_id, { id: group.group_id, label: group.label, group: group.parent }]));
  const defaults = dag.default_args || {};
  const tasks = new Map(sentTasks.map((task) => [task.task_id, described(task, defaults)]));
  const inside = (groupId) => [...tasks.values()].filter((task) => ancestors(task, groups).includes(groupId)).map(({ id }) => id);
  const members = new Map([...groups.keys()].map((groupId) => [groupId, inside(groupId)]));
  const sentEdges = [
    ...sentTasks.flatMap((task) => [...(task.upstream || []), ...outputs([task.arguments, task.expand, task.partial])].map((id) => [id, task.task_id])),
    ...sentGroups.flatMap((group) => (group.upstream || []).map((id) => [id, group.group_id])),
  ];
  // Which tasks are a group's first and last depends only on the edges between tasks.
  const taskEdges = sentEdges.filter(([from, to]) => tasks.has(from) && tasks.has(to));
  const ends = (id, ownEnd, otherEnd) => {
    if (tasks.has(id)) return [id];
    const memberIds = new Set(members.get(id) || []);
    const innerIds = new Set(taskEdges.filter((edge) => memberIds.has(edge[ownEnd]) && memberIds.has(edge[otherEnd])).map((edge) => edge[ownEnd]));
    return [...memberIds].filter((taskId) => !innerIds.has(taskId));
  };
  const pairs = new Map();
  for (const [from, to] of sentEdges) {
    for (const before of ends(from, 0, 1)) for (const after of ends(to, 1, 0)) pairs.set(JSON.stringify([before, after]), [before, after]);
  }
  const edges = [...pairs.values()];
  return { groups, tasks: ordered(tasks, edges), edges };
}

function described(task, defaults) {
  const operatorPath = task.operator || task.decorator || "";
  return {
    id: task.task_id,
    label: task.label,
    group: task.group,
    operator: operatorPath.split(".").at(-1),
    mapped: Boolean(task.expand),
    rule: task.arguments?.trigger_rule || task.partial?.trigger_rule || defaults.trigger_rule || "all_success",
  };
}

// The ids of the tasks whose output is used in a task's arguments.
function outputs(value) {
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap(outputs);
  const { $output: output } = value;
  if (output) return [output.task_id || output];
  return Object.values(value).flatMap(outputs);
}

// The ids of the groups around a task or a group, the nearest first.
export function ancestors({ group }, groups) {
  const groupIds = [];
  for (let id = group; id; id = groups.get(id)?.group) groupIds.push(id);
  return groupIds;
}

// The tasks, each after its upstream tasks; where several could come next, in the order of the definition.
function ordered(tasks, edges) {
  const upstreamCounts = new Map([...tasks.keys()].map((id) => [id, 0]));
  const downstream = new Map([...tasks.keys()].map((id) => [id, []]));
  for (const [from, to] of edges) {
    upstreamCounts.set(to, upstreamCounts.get(to) + 1);
    downstream.get(from).push(to);
  }
  const ready = [...tasks.keys()].filter((id) => upstreamCounts.get(id) === 0);
  const orderedTasks = new Map();
  for (let index = 0; index < ready.length; index += 1) {
    const id = ready[index];
    orderedTasks.set(id, tasks.get(id));
    for (const next of downstream.get(id)) {
      upstreamCounts.set(next, upstreamCounts.get(next) - 1);
      if (upstreamCounts.get(next) === 0) ready.push(next);
    }
  }
  for (const [id, task] of tasks) if (!orderedTasks.has(id)) orderedTasks.set(id, task); // a cycle, which no deployed DAG has
  return orderedTasks;
}
