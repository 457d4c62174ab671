// How each task went in the runs of a DAG, as the API sums it up: the instances of a mapped task are one task.

import { batches, send } from "./http.js";
import { dagPath } from "./links.js";

// Resolves to the runs of runIds, or else the latest ones; null if they can't be read.
export async function readSummaries(dagId, { runIds, limit }) {
  const path = `${dagPath(dagId)}/taskSummaries`;
  if (!runIds) return runsOf([await send({ method: "GET", path, query: { limit } })]);
  return runsOf(await Promise.all(batches(runIds).map((ids) => send({ method: "GET", path, query: ids.map((id) => ["run_id", id]) }))));
}

// Answers the runs, each with tasks, a map by task_id, and ahead, the milliseconds that the server's clock is ahead.
function runsOf(answers) {
  if (answers.some(({ ok }) => !ok)) return null;
  return answers.flatMap(({ body }) => {
    const ahead = Date.parse(body.as_of) - Date.now();
    return body.dag_runs.map((run) => ({ ...run, ahead, tasks: new Map(run.tasks.map((task) => [task.task_id, summarized(task)])) }));
  });
}

function summarized(task) {
  const counts = new Map(Object.entries(task.task_instance_counts).map(([name, count]) => [name === "no_status" ? null : name, count]));
  return { ...task, counts };
}
