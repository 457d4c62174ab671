// How each task went in the runs of a DAG, as the API sums it up: the instances of a mapped task as one.

import { send } from "./http.js";

const LONGEST = 3000; // gunicorn takes addresses of 4094 bytes at most

// Answers the runs, or null where they can't be read: those that are named, or the latest ones.
export async function readSummaries(dagId, { runIds, limit }) {
  const path = `/rest_api/api/dags/${encodeURIComponent(dagId)}/taskSummaries`;
  if (!runIds) return runsOf([await send({ method: "GET", path, query: { limit } })]);
  return runsOf(await Promise.all(batches(runIds).map((ids) => send({ method: "GET", path, query: ids.map((id) => ["run_id", id]) }))));
}

// tasks: by task_id. ahead: by how many milliseconds the server's clock is before this one.
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

function batches(runIds) {
  const all = [[]];
  let length = 0;
  for (const runId of runIds) {
    length += encodeURIComponent(runId).length + 8;
    if (length > LONGEST || all.at(-1).length === 100) {
      all.push([]);
      length = encodeURIComponent(runId).length + 8;
    }
    all.at(-1).push(runId);
  }
  return all.filter((ids) => ids.length);
}
