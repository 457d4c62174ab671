// What can be done with a DAG in the list and in its own view: the requests, the question before (also before what is in
// the editor is replaced), the sentences after.

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

// What is in the editor, kept while another view is shown. text: null before there was any. base: what the text began
// from or was last deployed as, { dagId, revision, versionNumber, text }.
export const draft = { text: null, base: {} };

// Edits and redeploys: opens the editor with what is deployed, and notes which deployment that is; asks before it replaces
// what was written there.
// The API answers a definition without the `workflow` key that its request has; a flat body has no such key.
export async function edit({ dag_id: dagId, definition, revision, version_number: versionNumber }) {
  const isWritten = draft.text !== null && draft.text !== draft.base.text;
  if (isWritten && !(await confirm("Replace what is in the editor?", "It was not deployed as it is there now, and is not kept.", "Replace it"))) return;
  const request = definition.dag_config ? { workflow: definition } : definition;
  draft.text = `${JSON.stringify(request, null, 2)}\n`;
  Object.assign(draft.base, { dagId, revision, versionNumber, text: draft.text });
  window.location.hash = "#deploy";
}
