// What the signed-in user may do, on all DAGs and on each.

import { whenAllIsWellAgain } from "./connection_notice.js";
import { batches, send } from "./http.js";
import { PERMISSIONS } from "./session.js";

// Which operations the signed-in user may call: { guarded, operations, dags, isKnown }. operations: for all DAGs; dags: for
// each named DAG. isKnown: false if that could not be read. A DAG's operations are read once while the page is open, until
// somebody signs in again; the server checks every call anyway.
const known = new Map();
let general = null;

// Somebody else may have signed in, who may do other things.
whenAllIsWellAgain(() => {
  known.clear();
  general = null;
});

export async function permissions(dagIds = []) {
  const parts = batches(dagIds.filter((dagId) => !known.has(dagId)));
  if (!parts.length && !general) parts.push([]);
  for (const batch of parts) {
    const query = new URLSearchParams(batch.map((dagId) => ["dag_id", dagId]));
    const answer = await send({ method: "GET", path: PERMISSIONS, query });
    if (!answer.ok) break; // what is known already is still used
    general = answer.body;
    for (const [dagId, operations] of Object.entries(general.dags)) known.set(dagId, operations);
  }
  const knownOperations = dagIds.filter((dagId) => known.has(dagId)).map((dagId) => [dagId, known.get(dagId)]);
  return { isKnown: general !== null, guarded: [], operations: [], ...general, dags: Object.fromEntries(knownOperations) };
}
