// What deploying a DAG would do, and doing just that: what was looked at is what is replaced, and nothing newer.

import { send } from "./http.js";
import { withFlag } from "./positions.js";

const PATH = "/rest_api/api/dags";

// Resolves to { ok, answer, before, request }: answer is the dry run's, before the DAG that is deployed now, null where
// there is none or it may not be looked at; request deploys what was planned, and is refused if another is deployed.
export async function planOf({ dag_id: dagId, request: text }) {
  const deployed = await send({ method: "GET", path: `${PATH}/${encodeURIComponent(dagId)}` });
  const before = deployed.ok ? deployed.body : null;
  const headers = before ? { "If-Match": `"${before.revision}"` } : deployed.status === 404 ? { "If-None-Match": "*" } : {};
  // Whether it replaces something is asked of whoever deploys, and needs no key in the text.
  const request = { method: "POST", path: PATH, headers, body: before ? withFlag(text, "force") : text };
  const answer = await send({ ...request, query: { dry_run: "true" } });
  return { ok: answer.ok, answer, before, request };
}

export async function deployPlanned({ request }, comment) {
  return send({ ...request, query: comment ? { comment } : {} });
}
