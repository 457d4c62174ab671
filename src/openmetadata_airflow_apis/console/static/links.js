// The addresses of a DAG, its runs and its history: on the page, in the API, and on Airflow's own pages.

import { config } from "./session.js";

export const DAGS_PATH = "/rest_api/api/dags";

export function dagPath(dagId) {
  return `${DAGS_PATH}/${encodeURIComponent(dagId)}`;
}

export function runPath(dagId, runId) {
  return `${dagPath(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
}

export function versionsPath(dagId) {
  return `${dagPath(dagId)}/dagVersions`;
}

export function dagLink(dagId) {
  return `#dags/${encodeURIComponent(dagId)}`;
}

export function runLink({ dag_id: dagId, run_id: runId }) {
  return `${dagLink(dagId)}/${encodeURIComponent(runId)}`;
}

export function taskLink({ task_id: taskId, ...run }) {
  return `${runLink(run)}/${encodeURIComponent(taskId)}`;
}

export function historyLink(dagId) {
  return `#history/${encodeURIComponent(dagId)}`;
}

// Airflow's grid. place: { dag_run_id, task_id, map_index, tab }, the run or the task instance to choose there.
export function gridLink(dagId, place = {}) {
  const query = new URLSearchParams(place).toString();
  return config.grid_url.replace("__dag_id__", encodeURIComponent(dagId)) + (query && `?${query}`);
}
