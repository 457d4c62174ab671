// One run of a DAG: why it failed or waits, its graph, its tasks as a table or a timeline, and repairing it.

import { button, fill, h, inline, notice, refill, state, time } from "./dom.js";
import { explanation } from "./explanation.js";
import { isToldAbove, send, sentence } from "./http.js";
import { gridLink } from "./links.js";
import { logPanel } from "./log.js";
import { nameOf } from "./plan.js";
import { polling } from "./polling.js";
import { runActions } from "./run_actions.js";
import { instanceTable, paging, stateButtons } from "./run_tasks.js";
import { selectionBar } from "./selection.js";
import { isUnderWay } from "./task_states.js";
import { readSummaries } from "./task_summaries.js";
import { timelineView } from "./timeline.js";

const LIMIT = 200;
const EXPLAINED_FOR = 3000;
const NAMED = 20; // so many chosen tasks are listed alone

// order: task_id to its place in the graph, once that is known; reorder() says so. picture: the graph's own place.
// observe(tasks) is given the run's tasks as task_summaries.js has them; choose(ids) chooses tasks on the graph.
export function runPanel({ dagId, runId, taskId, may, order, picture, changed, observe, runOnly, choose }) {
  const path = `/rest_api/api/dags/${encodeURIComponent(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
  const head = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const why = h("div", {});
  const trouble = h("div", {});
  const views = h("div", {});
  const tasks = h("div", {});
  const log = logPanel(path);
  const timeline = timelineView(dagId);
  const shown = {};
  let picked = new Set(taskId ? [taskId] : []);
  let view = "table";
  let chosen = null; // the state that alone is shown; "" for all, null before anybody chose
  let offset = 0;
  let explained = null;
  let explainedAt = 0;
  let summary = null;
  let left = false;
  let busy = false;
  const poll = polling(load);
  const can = (operation) => may.includes(operation) && (!busy || operation === "task_log");
  const actions = runActions({ path, outcome, busy: work, done: acted, isLeft: () => left });
  const selection = selectionBar({ may, actions, runOnly, choose });

  async function load() {
    const reading = may.includes("list_task_summaries") ? readSummaries(dagId, { runIds: [runId] }) : null;
    const run = await send({ method: "GET", path });
    const summaries = await reading;
    if (left) return null;
    if (!run.ok) return unreadable(run);
    summary = summaries?.[0] ?? summary;
    if (summary) observe(summary.tasks);
    const settled = explained?.ok && explained.body.state === run.body.state && !isUnderWay(run.body);
    if (may.includes("explain_dag_run") && !settled && Date.now() - explainedAt > EXPLAINED_FOR) {
      const explaining = explain();
      if (!summary) await explaining;
      if (left) return null;
    }
    const counts = countsOf();
    const listed = [...picked].filter((id) => !summary || summary.tasks.has(id));
    const many = Object.values(counts).reduce((sum, count) => sum + count, 0) > LIMIT;
    const only = chosen ?? (many && counts.failed ? "failed" : "");
    const query = Object.entries({ limit: LIMIT, offset, ...(only && { state: only === "no_status" ? "none" : only }), ...(many && { order_by: "start_date" }) });
    if (picked.size && listed.length <= NAMED) query.push(...listed.map((id) => ["task_id", id]));
    const instances = await send({ method: "GET", path: `${path}/taskInstances`, query });
    if (left) return null;
    if (!instances.ok) return unreadable(instances);
    fill(trouble);
    const { task_instances: found, total_entries: total } = instances.body;
    if (!many && order.size) found.sort((one, other) => place(one.task_id) - place(other.task_id) || one.map_index - other.map_index);
    once("head", [run.body, counts, busy], () => refill(head, heading(run.body, counts)));
    selection.show(picked, summary?.tasks, busy);
    once("views", [view, Boolean(summary)], () => refill(views, h("h3", {}, "Tasks"), summary && switches()));
    if (view === "timeline" && summary) timeline.show(summary, inOrder());
    once("tasks", [found, total, only, offset, counts, busy, view, order.size], () => refill(tasks, view === "timeline" && summary ? timeline.element : listing(found, counts, only, total)));
    const isCurrent = !explained?.ok || explained.body.state === run.body.state;
    return isUnderWay(run.body) || !isCurrent ? 1500 : 10000;
  }

  // Of a run of 10,000 task instances this takes a second, which the tasks do not wait for.
  async function explain() {
    explainedAt = Infinity; // not asked for again before it is there
    const answer = await send({ method: "GET", path: `${path}/explanation` });
    if (left) return;
    explained = answer.ok || !explained?.ok ? answer : explained;
    explainedAt = Date.now();
    once("why", explained.body, () => refillReasons());
  }

  // What is shown is built anew only if it differs: whoever reads or selects is not disturbed.
  function once(part, value, build) {
    const now = JSON.stringify(value);
    if (now === shown[part]) return;
    shown[part] = now;
    build();
  }

  // What is there already stays: it was true a moment ago.
  function unreadable(answer) {
    fill(trouble, !isToldAbove(answer) && notice("bad", inline(sentence(answer)), shown.head && " What is shown below is older."));
    if (answer.status === 403) return null;
    return answer.status === 404 ? 10000 : 4000;
  }

  // By state: of the chosen tasks, or of all of the run.
  function countsOf() {
    if (!summary) return explained?.ok ? explained.body.task_instance_counts : {};
    const counts = {};
    const wanted = [...picked].filter((id) => summary.tasks.has(id));
    const ids = wanted.length && wanted.length <= NAMED ? wanted : [...summary.tasks.keys()];
    for (const id of ids) for (const [name, count] of summary.tasks.get(id).counts) counts[name ?? "no_status"] = (counts[name ?? "no_status"] ?? 0) + count;
    return counts;
  }

  function place(id) {
    return order.get(id) ?? order.size;
  }

  function inOrder() {
    return [...summary.tasks.keys()].sort((one, other) => place(one) - place(other));
  }

  function heading(run, counts) {
    const failed = counts.failed > 0 || run.state === "failed";
    return [
      h("p", { class: "run-state" }, state(run.state), run.start_date && [" started ", time(run.start_date)], run.end_date && [", ended ", time(run.end_date)]),
      Object.keys(run.conf ?? {}).length > 0 &&
        h("details", { "data-key": "conf" }, h("summary", {}, "Configuration"), h("pre", { tabindex: "0" }, JSON.stringify(run.conf, null, 2))),
      h(
        "div",
        { class: "actions" },
        failed && can("restart_failed_task") && button("Restart failed", () => actions.restart(), "primary", { "data-key": "restart" }),
        isUnderWay(run) && can("kill_running_tasks") &&
          button("Kill", () => actions.kill(), "danger", { "data-key": "kill", "aria-label": `Kill ${runId}` }),
        h("a", { class: "button", href: gridLink(dagId, { dag_run_id: runId }) }, "This run in Airflow"),
      ),
    ];
  }

  function refillReasons() {
    refill(why, explained && reasons());
    for (const end of why.querySelectorAll(".log")) end.scrollTop = end.scrollHeight;
  }

  function reasons() {
    if (!explained.ok) return notice("bad", inline(sentence(explained)));
    return explanation(explained.body, ({ task_id: id, map_index: mapIndex, try_number: tryNumber }) =>
      may.includes("task_log") && button("Whole log", () => log.open({ taskId: id, mapIndex, tryNumber }), "", {
        "aria-label": `Whole log of ${nameOf({ task_id: id, map_index: mapIndex })}`,
        "data-key": `whole log ${id} ${mapIndex}`,
      }),
    );
  }

  function switches() {
    const one = (name, label) => button(label, () => { view = name; poll.now(); }, "", { "aria-pressed": String(view === name), "data-key": `view ${name}` });
    return h("div", { class: "actions", role: "group", "aria-label": "Tasks as" }, one("table", "Table"), one("timeline", "Timeline"));
  }

  function listing(found, counts, only, total) {
    const turn = (to) => { offset = to; poll.now(); };
    const choice = (name) => { chosen = name; turn(0); };
    return [
      stateButtons(counts, only, choice),
      instanceTable(found, { dagId, runId, can, actions, log }),
      paging({ offset, limit: LIMIT, total, turn }),
    ];
  }

  function work(isBusy) {
    busy = isBusy;
    for (const part of [head, tasks, selection.element]) for (const control of part.querySelectorAll("button")) control.disabled = isBusy;
  }

  async function acted() {
    explainedAt = 0;
    await Promise.all([poll.now(), changed()]);
  }

  function pick(ids) {
    picked = new Set(ids);
    [chosen, offset] = [null, 0];
    selection.show(picked, summary?.tasks, busy);
    poll.now();
  }

  poll.now();
  return {
    element: h(
      "div",
      { class: "panel-box run" },
      h("h3", {}, "Run ", h("code", {}, runId)),
      trouble, head, outcome, why, picture, selection.element,
      views, tasks, log.element,
    ),
    reorder: poll.now,
    pick,
    picked: () => picked,
    leave: () => {
      left = true;
      poll.stop();
      log.leave();
    },
  };
}
