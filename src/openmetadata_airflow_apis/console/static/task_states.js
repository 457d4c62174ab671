// The states of task instances and runs, in words; the state that several tasks have together, which a folded group shows,
// and a mapped task; and how each task went in the runs of a DAG.

import { batches, send } from "./http.js";
import { dagPath } from "./links.js";

// A folded group or a mapped task shows the first of these states that it has: the one that most needs attention.
export const BY_ATTENTION = [
  "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued", "scheduled", null,
  "skipped", "success", "removed",
];
const ENDED = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

// The name of a task instance; of a mapped task, with its index.
export function nameOf({ task_id: taskId, map_index: mapIndex }) {
  return mapIndex >= 0 ? `${taskId} [${mapIndex}]` : taskId;
}

export function nameOfState(name) {
  return name ?? "no status";
}

// Whether a task instance in that state runs no more by itself.
export function hasEnded(state) {
  return ENDED.has(state);
}

export function isUnderWay(run) {
  return run?.state === "queued" || run?.state === "running";
}

// How each task went in the runs of a DAG, as the API sums it up: the instances of a mapped task are one task. Resolves to
// the runs of runIds, or else the latest ones; null if they can't be read.
export async function readSummaries(dagId, { runIds, limit }) {
  const path = `${dagPath(dagId)}/taskSummaries`;
  if (!runIds) return runsOf([await send({ method: "GET", path, query: { limit } })]);
  return runsOf(await Promise.all(batches(runIds).map((ids) => send({ method: "GET", path, query: ids.map((id) => ["run_id", id]) }))));
}

// Answers the runs, each with tasks, a map by task_id, and ahead, the milliseconds that the server's clock is ahead.
function runsOf(answers) {
  if (answers.some(({ ok }) => !ok)) return null;
  return answers.flatMap(({ body }) => {
    const ahead = Date.parse(body.as_of) - Date.now();
    return body.dag_runs.map((run) => ({ ...run, ahead, tasks: new Map(run.tasks.map((task) => [task.task_id, summarized(task)])) }));
  });
}

function summarized(task) {
  const counts = new Map(Object.entries(task.task_instance_counts).map(([name, count]) => [name === "no_status" ? null : name, count]));
  return { ...task, counts };
}

// The state of some tasks together, with the numbers of their task instances by state: { state, counts, total }, null for
// no task instances. countsOfTasks: an iterable of maps from states to numbers.
export function together(countsOfTasks) {
  const counts = new Map();
  for (const taskCounts of countsOfTasks) for (const [name, count] of taskCounts) counts.set(name, (counts.get(name) || 0) + count);
  if (!counts.size) return null;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const ranked = new Map([...counts].sort(([taskCounts], [other]) => rank(taskCounts) - rank(other)));
  return { state: BY_ATTENTION.find((name) => counts.has(name)) ?? null, counts: ranked, total };
}

function rank(name) {
  return BY_ATTENTION.includes(name) ? BY_ATTENTION.indexOf(name) : BY_ATTENTION.length;
}

// "3 success, 1 failed"; for a single task instance, its state.
export function inWords({ state, counts, total }) {
  return total > 1 ? [...counts].map(([name, count]) => `${count} ${nameOfState(name)}`).join(", ") : nameOfState(state);
}
