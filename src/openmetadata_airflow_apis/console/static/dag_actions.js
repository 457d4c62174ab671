// What can be done with a DAG in the list and in its own view: the requests, the question before, the sentences after.

import { confirm, h } from "./dom.js";
import { dagPath, runLink } from "./links.js";

export function triggered(run) {
  const link = h("a", { href: runLink(run) }, run.run_id);
  return ["Started ", link, run.is_paused && ". The DAG is paused: the run waits until somebody unpauses it."];
}

export function switching({ dag_id: dagId, is_paused: isPaused }) {
  return { method: "PATCH", path: dagPath(dagId), body: JSON.stringify({ is_paused: !isPaused }) };
}

export function switched({ dag_id: dagId, is_paused: isPaused }) {
  return isPaused ? `${dagId} is paused: no run starts by itself.` : `${dagId} is on: its runs start by its schedule.`;
}

// Deletes the shown revision only, and nothing that somebody else has deployed since.
export function deletion({ dag_id: dagId, revision }) {
  return { method: "DELETE", path: dagPath(dagId), headers: { "If-Match": `"${revision}"` } };
}

export function deleted({ dag_id: dagId }) {
  return `Deleted ${dagId}.`;
}

export function confirmDelete(dagId) {
  return confirm(
    `Delete ${dagId}?`,
    "Its files, its runs and their task instances are removed. Its versions, task logs and the audit log stay.",
    `Delete ${dagId}`,
  );
}
