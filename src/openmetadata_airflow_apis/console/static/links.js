// Where a DAG, its runs and its history are, here and on Airflow's own pages.

import { config } from "./http.js";

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

// Airflow's grid; `place` chooses a run or a task instance there: { dag_run_id, task_id, map_index, tab }.
export function gridLink(dagId, place = {}) {
  const query = new URLSearchParams(place).toString();
  return config.grid_url.replace("__dag_id__", encodeURIComponent(dagId)) + (query && `?${query}`);
}
