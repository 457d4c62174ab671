// The names and states of task instances, and the state of several together.

// A folded group or a mapped task shows the first of these states that it has: the one that most needs attention.
export const BY_ATTENTION = [
  "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued", "scheduled", null,
  "skipped", "success", "removed",
];
const ENDED = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

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

// The name of a task instance; of a mapped task, with its index.
export function nameOf({ task_id: taskId, map_index: mapIndex }) {
  return mapIndex >= 0 ? `${taskId} [${mapIndex}]` : taskId;
}

export function nameOfState(name) {
  return name ?? "no status";
}

// "3 success, 1 failed"; for a single task instance, its state.
export function inWords({ state, counts, total }) {
  return total > 1 ? [...counts].map(([name, count]) => `${count} ${nameOfState(name)}`).join(", ") : nameOfState(state);
}

// Whether a task instance in that state runs no more by itself.
export function hasEnded(state) {
  return ENDED.has(state);
}

export function isUnderWay(run) {
  return run?.state === "queued" || run?.state === "running";
}
