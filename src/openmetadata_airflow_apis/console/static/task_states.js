// The states of task instances, and the state of several together.

// A folded group or a mapped task shows the first of these states that it has: the one that most needs attention.
const RANK = [
  "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued", "scheduled", null,
  "skipped", "success", "removed",
];

// The state of some tasks together, with the numbers of their task instances by state: { state, counts, total }, null for
// no task instances. counted: an iterable of maps from states to numbers.
export function together(countsOfTasks) {
  const counts = new Map();
  for (const taskCounts of countsOfTasks) for (const [name, count] of taskCounts) counts.set(name, (counts.get(name) || 0) + count);
  if (!counts.size) return null;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const ranked = new Map([...counts].sort(([taskCounts], [other]) => rank(taskCounts) - rank(other)));
  return { state: RANK.find((name) => counts.has(name)) ?? null, counts: ranked, total };
}

function rank(name) {
  return RANK.includes(name) ? RANK.indexOf(name) : RANK.length;
}

export function nameOfState(name) {
  return name ?? "no status";
}

// "3 success, 1 failed"; for a single task instance, its state.
export function inWords({ state, counts, total }) {
  return total > 1 ? [...counts].map(([name, count]) => `${count} ${nameOfState(name)}`).join(", ") : nameOfState(state);
}

export function isUnderWay(run) {
  return run?.state === "queued" || run?.state === "running";
}
