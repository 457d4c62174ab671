// The tasks, groups and edges of a deployed DAG, from the canonical definition of its version.

import { send } from "./http.js";

// Resolves to graphOf(), or null where there is no version to read.
export async function readGraph(dagId, versionNumber) {
  if (!versionNumber) return null;
  const path = `/rest_api/api/dags/${encodeURIComponent(dagId)}/dagVersions/${versionNumber}`;
  const answer = await send({ method: "GET", path });
  return answer.ok ? graphOf(answer.body.canonical_definition) : null;
}

// Answers { groups, tasks, edges }: groups and tasks by id, in the order of the graph; edges as pairs of tasks, since
// what comes after a group comes after its last tasks, and what a group comes after is before its first.
export function graphOf({ task_groups: sentGroups = [], tasks: sentTasks, dag }) {
  const groups = new Map(sentGroups.map((group) => [group.group_id, { id: group.group_id, label: group.label, group: group.parent }]));
  const defaults = dag.default_args || {};
  const tasks = new Map(sentTasks.map((task) => [task.task_id, described(task, defaults)]));
  const inside = (groupId) => [...tasks.values()].filter((task) => ancestors(task, groups).includes(groupId)).map(({ id }) => id);
  const members = new Map([...groups.keys()].map((groupId) => [groupId, inside(groupId)]));
  const sent = [
    ...sentTasks.flatMap((task) => [...(task.upstream || []), ...outputs([task.arguments, task.expand, task.partial])].map((id) => [id, task.task_id])),
    ...sentGroups.flatMap((group) => (group.upstream || []).map((id) => [id, group.group_id])),
  ];
  // The ends of groups follow from the edges between tasks alone.
  const plain = sent.filter(([from, to]) => tasks.has(from) && tasks.has(to));
  const ends = (id, own, other) => {
    if (tasks.has(id)) return [id];
    const all = new Set(members.get(id) || []);
    const inner = new Set(plain.filter((edge) => all.has(edge[own]) && all.has(edge[other])).map((edge) => edge[own]));
    return [...all].filter((taskId) => !inner.has(taskId));
  };
  const pairs = new Map();
  for (const [from, to] of sent) {
    for (const before of ends(from, 0, 1)) for (const after of ends(to, 1, 0)) pairs.set(JSON.stringify([before, after]), [before, after]);
  }
  const edges = [...pairs.values()];
  return { groups, tasks: ordered(tasks, edges), edges };
}

function described(task, defaults) {
  const made = task.operator || task.decorator || "";
  return {
    id: task.task_id,
    label: task.label,
    group: task.group,
    operator: made.split(".").at(-1),
    mapped: Boolean(task.expand),
    rule: task.arguments?.trigger_rule || task.partial?.trigger_rule || defaults.trigger_rule || "all_success",
  };
}

// The tasks whose output a task's arguments have in them.
function outputs(value) {
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap(outputs);
  const { $output: output } = value;
  if (output) return [output.task_id || output];
  return Object.values(value).flatMap(outputs);
}

// The groups around a task or a group, the nearest first.
export function ancestors({ group }, groups) {
  const found = [];
  for (let id = group; id; id = groups.get(id)?.group) found.push(id);
  return found;
}

// What comes before comes first; of what could come at once, in the order of the definition.
function ordered(tasks, edges) {
  const waiting = new Map([...tasks.keys()].map((id) => [id, 0]));
  const after = new Map([...tasks.keys()].map((id) => [id, []]));
  for (const [from, to] of edges) {
    waiting.set(to, waiting.get(to) + 1);
    after.get(from).push(to);
  }
  const ready = [...tasks.keys()].filter((id) => waiting.get(id) === 0);
  const found = new Map();
  for (let index = 0; index < ready.length; index += 1) {
    const id = ready[index];
    found.set(id, tasks.get(id));
    for (const next of after.get(id)) {
      waiting.set(next, waiting.get(next) - 1);
      if (waiting.get(next) === 0) ready.push(next);
    }
  }
  for (const [id, task] of tasks) if (!found.has(id)) found.set(id, task); // a cycle, which no deployed DAG has
  return found;
}

// What is drawn while some groups are folded: { nodes, open, edges }, a folded group being one node.
export function folded({ groups, tasks, edges }, closed) {
  const stands = (item) => ancestors(item, groups).filter((id) => closed.has(id)).at(-1);
  const nodes = new Map();
  for (const task of tasks.values()) {
    const groupId = stands(task);
    if (!groupId) nodes.set(task.id, { ...task, members: [task.id] });
    else if (nodes.has(groupId)) nodes.get(groupId).members.push(task.id);
    else nodes.set(groupId, { ...groups.get(groupId), members: [task.id], isGroup: true });
  }
  const open = [...groups.values()].filter((group) => !closed.has(group.id) && !stands(group));
  const at = new Map([...nodes.values()].flatMap((node) => node.members.map((id) => [id, node.id])));
  const drawn = new Map();
  for (const [from, to] of edges) {
    const pair = [at.get(from), at.get(to)];
    if (pair[0] !== pair[1]) drawn.set(JSON.stringify(pair), pair);
  }
  return { nodes: [...nodes.values()], open, edges: [...drawn.values()] };
}
