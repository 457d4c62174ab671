// The requests of a dry run and of the deploy after it, which replaces what the dry run has shown, and nothing newer.

import { send } from "./http.js";
import { DAGS_PATH, dagPath } from "./links.js";
import { withFlag } from "./workflow_flag.js";

// Resolves to { ok, answer, before, request }. answer: the dry run's. before: the DAG that is deployed now, null if there
// is none or the user may not see it. request: deploys what was planned, and is refused if something else is deployed.
export async function dryRun({ dag_id: dagId, request: text }) {
  const deployed = await send({ method: "GET", path: dagPath(dagId) });
  const before = deployed.ok ? deployed.body : null;
  const headers = before ? { "If-Match": `"${before.revision}"` } : deployed.status === 404 ? { "If-None-Match": "*" } : {};
  // The page asks the user before it replaces something, so that the text needs no `force` of its own.
  const request = { method: "POST", path: DAGS_PATH, headers, body: before ? withFlag(text, "force") : text };
  const answer = await send({ ...request, query: { dry_run: "true" } });
  return { ok: answer.ok, answer, before, request };
}

export async function deployPlanned({ request }, comment) {
  return send({ ...request, query: comment ? { comment } : {} });
}
