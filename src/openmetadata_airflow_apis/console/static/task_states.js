// The names and states of task instances and runs.

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
