// The states of task instances, several taken together.

// Of a folded group, or a mapped task, the state that asks most for somebody's eyes is shown.
const RANK = [
  "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued", "scheduled", null,
  "skipped", "success", "removed",
];

// The state of some tasks together, and how many task instances are in which: { state, counts, total }, or null for none.
// counts: an iterable of maps from states to numbers.
export function together(counted) {
  const counts = new Map();
  for (const one of counted) for (const [name, count] of one) counts.set(name, (counts.get(name) || 0) + count);
  if (!counts.size) return null;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const ranked = new Map([...counts].sort(([one], [other]) => rank(one) - rank(other)));
  return { state: RANK.find((name) => counts.has(name)) ?? null, counts: ranked, total };
}

function rank(name) {
  return RANK.includes(name) ? RANK.indexOf(name) : RANK.length;
}

export function nameOfState(name) {
  return name ?? "no status";
}

// "3 success, 1 failed"; of one alone, its state.
export function inWords({ state, counts, total }) {
  return total > 1 ? [...counts].map(([name, count]) => `${count} ${nameOfState(name)}`).join(", ") : nameOfState(state);
}

export function isUnderWay(run) {
  return run?.state === "queued" || run?.state === "running";
}
