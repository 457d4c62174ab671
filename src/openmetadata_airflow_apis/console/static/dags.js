// The table of the DAGs deployed here.

import { button, confirm, fill, h, inline, notice, refill, state, table, time } from "./dom.js";
import { isSettled } from "./deployment.js";
import { config, permissions, send, sentence } from "./http.js";
import { polling } from "./polling.js";

const PATH = "/rest_api/api/dags";
const PAGE = 50;
const COLUMNS = ["DAG", "State", "Paused", "Last run", "Deployed", "Actions"];

export function dagsView() {
  const list = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const pages = h("div", { class: "actions" });
  let offset = 0;
  let shown = "";
  let left = false;
  const poll = polling(load);

  async function load() {
    const answer = await send({ method: "GET", path: PATH, query: { limit: PAGE, offset } });
    if (left) return null;
    if (!answer.ok) {
      shown = "";
      fill(list, notice("bad", inline(sentence(answer))));
      return 10000;
    }
    const { dags, damaged, total_entries: total } = answer.body;
    const may = await permissions(dags.map((dag) => dag.dag_id));
    if (left) return null;
    const now = JSON.stringify([dags, damaged, may.dags, total]);
    if (now !== shown) {
      shown = now;
      const rows = [...damaged.map(damagedRow), ...dags.map((dag) => row(dag, may.dags[dag.dag_id] || []))];
      refill(list, table("DAGs deployed here", COLUMNS, rows, { empty: "Nothing is deployed yet." }));
      refill(pages, paging(total));
    }
    const moving = dags.some((dag) => !isSettled(dag) || isUnfinished(dag.last_run));
    return moving ? 2000 : 10000;
  }

  function row(dag, may) {
    const name = encodeURIComponent(dag.dag_id);
    return [
      h("a", { href: `#dags/${name}`, "data-key": `open ${dag.dag_id}` }, dag.dag_id),
      [state(dag.state), dag.import_error && importError(dag)],
      paused(dag),
      lastRun(dag.last_run),
      [dag.deployed_by, h("br"), time(dag.deployed_at)],
      h(
        "div",
        { class: "actions" },
        may.includes("trigger_dag") && button("Trigger", () => trigger(dag), "", keyed("Trigger", dag)),
        may.includes("delete_dag") && button("Delete", () => remove(dag), "danger", keyed("Delete", dag)),
      ),
    ];
  }

  async function act(request, done) {
    const answer = await send(request);
    fill(outcome, answer.ok ? notice("good", done(answer.body)) : notice("bad", inline(sentence(answer))));
    await poll.now();
  }

  async function trigger(dag) {
    const path = `${PATH}/${encodeURIComponent(dag.dag_id)}/dagRuns`;
    await act({ method: "POST", path, body: "{}" }, triggered);
  }

  async function remove(dag) {
    if (await confirmDelete(dag.dag_id)) await act(deletion(dag.dag_id), deleted);
  }

  function paging(total) {
    if (total <= PAGE) return null;
    const turn = (by) => () => {
      offset += by;
      return poll.now();
    };
    return [
      button("Previous", turn(-PAGE), "", { disabled: offset === 0, "data-key": "previous" }),
      h("span", {}, `${offset + 1} to ${Math.min(offset + PAGE, total)} of ${total}`),
      button("Next", turn(PAGE), "", { disabled: offset + PAGE >= total, "data-key": "next" }),
    ];
  }

  poll.now();
  return {
    element: h("section", {}, h("h2", {}, "Deployed DAGs"), outcome, list, pages),
    leave: () => {
      left = true;
      poll.stop();
    },
  };
}

// Nothing but its name is known for sure, and nothing can be done here before somebody has mended its file.
function damagedRow(dag) {
  return [dag.dag_id, [state(dag.state), h("p", { class: "error-text" }, dag.reason)], "", "", "", ""];
}

function keyed(action, { dag_id: dagId }) {
  return { "data-key": `${action} ${dagId}`, "aria-label": `${action} ${dagId}` };
}

export function importError({ dag_id: dagId, import_error: text }) {
  return h(
    "details",
    { "data-key": `error of ${dagId}` },
    h("summary", {}, "Import error"),
    h("pre", { class: "error-text", tabindex: "0" }, text),
  );
}

export function paused({ is_paused: isPaused }) {
  if (isPaused === null) return h("span", { class: "muted" }, "not known yet");
  return isPaused ? "yes" : "no";
}

export function lastRun(run) {
  if (!run) return h("span", { class: "muted" }, "none");
  return [state(run.state), h("br"), time(run.start_date || run.logical_date)];
}

export function isUnfinished(run) {
  return run?.state === "queued" || run?.state === "running";
}

export function triggered(run) {
  const link = h("a", { href: runLink(run) }, run.run_id);
  return ["Started ", link, run.is_paused && ". The DAG is paused: the run waits until somebody unpauses it."];
}

export function runLink({ dag_id: dagId, run_id: runId }) {
  return `#dags/${encodeURIComponent(dagId)}/${encodeURIComponent(runId)}`;
}

export function deletion(dagId) {
  return { method: "DELETE", path: `${PATH}/${encodeURIComponent(dagId)}` };
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

export function gridLink(dagId) {
  return config.grid_url.replace("__dag_id__", encodeURIComponent(dagId));
}
