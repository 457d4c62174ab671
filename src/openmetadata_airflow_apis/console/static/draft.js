// What is in the editor, kept while another view is shown; asks before another definition takes its place.

import { confirm } from "./dom.js";

// text: null before there was any. base: what the text began from or was last deployed as, { dagId, revision,
// versionNumber, text }.
export const draft = { text: null, base: {} };

// Opens the editor with what is deployed, and notes which deployment that is.
// The API answers a definition without the `workflow` key that its request has; a flat body has no such key.
export async function edit({ dag_id: dagId, definition, revision, version_number: versionNumber }) {
  const isWritten = draft.text !== null && draft.text !== draft.base.text;
  if (isWritten && !(await confirm("Replace what is in the editor?", "It was not deployed as it is there now, and is not kept.", "Replace it"))) return;
  const request = definition.dag_config ? { workflow: definition } : definition;
  draft.text = `${JSON.stringify(request, null, 2)}\n`;
  Object.assign(draft.base, { dagId, revision, versionNumber, text: draft.text });
  window.location.hash = "#deploy";
}
