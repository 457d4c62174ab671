// One run of a DAG: why it failed or waits, its tasks, and restarting, killing, skipping and marking them.

import { isUnfinished } from "./dags.js";
import { button, duration, fill, h, inline, notice, refill, state, table, time } from "./dom.js";
import { explanation } from "./explanation.js";
import { send, sentence } from "./http.js";
import { gridLink } from "./links.js";
import { logPanel } from "./log.js";
import { nameOf, planned, restarted, stopped } from "./plan.js";
import { polling } from "./polling.js";

const COLUMNS = ["Task", "State", "Try", "Started", "Took", "Actions"];
const DONE = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);
const STATES = [
  "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued",
  "scheduled", "no_status", "skipped", "success", "removed",
];
const LIMIT = 200;
const EXPLAINED_FOR = 3000;

// A process that is told to stop takes a heartbeat to do so. Until it is gone, it could still fail the next try.
const WAIT = { wait: 20 };

// order: task_id to its place in the graph, once that is known; reorder() says so. observe() is given the task instances that are shown.
export function runPanel({ dagId, runId, may, order, changed, observe }) {
  const path = `/rest_api/api/dags/${encodeURIComponent(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
  const head = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const why = h("div", {});
  const tasks = h("div", {});
  const log = logPanel(path);
  const shown = {};
  let chosen = null; // the state that alone is shown; "" for all, null before anybody chose
  let offset = 0;
  let explained = null;
  let explainedAt = 0;
  let left = false;
  let busy = false;
  const poll = polling(load);

  async function load() {
    const run = await send({ method: "GET", path });
    if (left) return null;
    if (!run.ok) return unreadable(run);
    const settled = explained?.ok && explained.body.state === run.body.state && !isUnfinished(run.body);
    if (may.includes("explain_dag_run") && !settled && Date.now() - explainedAt > EXPLAINED_FOR) {
      explained = await send({ method: "GET", path: `${path}/explanation` });
      explainedAt = Date.now();
      if (left) return null;
    }
    const counts = explained?.ok ? explained.body.task_instance_counts : {};
    const many = Object.values(counts).reduce((sum, count) => sum + count, 0) > LIMIT;
    const only = chosen ?? (many && counts.failed ? "failed" : "");
    const query = { limit: LIMIT, offset, ...(only && { state: only === "no_status" ? "none" : only }) };
    if (many) query.order_by = "start_date";
    const instances = await send({ method: "GET", path: `${path}/taskInstances`, query });
    if (left) return null;
    if (!instances.ok) return unreadable(instances);
    const { task_instances: found, total_entries: total } = instances.body;
    if (!many && order.size) found.sort((one, other) => place(one) - place(other) || one.map_index - other.map_index);
    observe(found, only === "" && total <= LIMIT);
    once("head", [run.body, counts, busy], () => refill(head, heading(run.body, counts)));
    once("why", explained?.body, () => {
      refill(why, explained && reasons());
      for (const end of why.querySelectorAll(".log")) end.scrollTop = end.scrollHeight;
    });
    once("tasks", [found, total, only, offset, counts, busy], () => refill(tasks, states(counts, only), rows(found), paging(total)));
    const isCurrent = !explained?.ok || explained.body.state === run.body.state;
    return isUnfinished(run.body) || !isCurrent ? 1500 : 10000;
  }

  // What is shown is built anew only if it differs: whoever reads or selects is not disturbed.
  function once(part, value, build) {
    const now = JSON.stringify(value);
    if (now === shown[part]) return;
    shown[part] = now;
    build();
  }

  function unreadable(answer) {
    shown.head = null;
    fill(head, notice("bad", inline(sentence(answer))));
    return 10000;
  }

  function place({ task_id: taskId }) {
    return order.get(taskId) ?? order.size;
  }

  function heading(run, counts) {
    const failed = counts.failed > 0 || run.state === "failed";
    return [
      h("p", { class: "run-state" }, state(run.state), " started ", time(run.start_date), ", ended ", time(run.end_date)),
      h(
        "div",
        { class: "actions" },
        !busy && failed && may.includes("restart_failed_task") && button("Restart failed", restartFailed, "primary", { "data-key": "restart" }),
        !busy && isUnfinished(run) && may.includes("kill_running_tasks") &&
          button("Kill", () => kill(), "danger", { "data-key": "kill", "aria-label": `Kill ${runId}` }),
        h("a", { class: "button", href: gridLink(dagId, { dag_run_id: runId }) }, "This run in Airflow"),
      ),
    ];
  }

  function reasons() {
    if (!explained.ok) return notice("bad", inline(sentence(explained)));
    return explanation(explained.body, ({ task_id: taskId, map_index: mapIndex, try_number: tryNumber }) =>
      may.includes("task_log") && button("Whole log", () => log.open({ taskId, mapIndex, tryNumber }), "", {
        "aria-label": `Whole log of ${nameOf({ task_id: taskId, map_index: mapIndex })}`,
        "data-key": `whole log ${taskId} ${mapIndex}`,
      }),
    );
  }

  // One button for each state that there is, with how many are in it.
  function states(counts, only) {
    const present = STATES.filter((name) => counts[name]);
    if (present.length < 2) return null;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const choose = (name) => () => {
      chosen = name;
      offset = 0;
      poll.now();
    };
    const one = (name, label, count) =>
      h(
        "button",
        { type: "button", class: "button state-choice", "aria-pressed": String(only === name), onclick: choose(name), "data-key": `state ${name}` },
        label,
        ` ${count}`,
      );
    return h(
      "div",
      { class: "actions", role: "group", "aria-label": "Task instances in state" },
      one("", "all", total),
      present.map((name) => one(name, state(name === "no_status" ? null : name), counts[name])),
    );
  }

  function rows(found) {
    return table(`Tasks of ${runId}`, COLUMNS, found.map(row), { empty: "There are no task instances here." });
  }

  function row(instance) {
    const { task_id: taskId, map_index: mapIndex, start_date: start } = instance;
    const name = nameOf(instance);
    const unfinished = !DONE.has(instance.state);
    const can = (operation) => !busy && may.includes(operation);
    const act = (label, onclick, kind = "") => button(label, onclick, kind, { "data-key": `${label} ${name}`, "aria-label": `${label} ${name}` });
    const runs = instance.duration === null && start && unfinished;
    return [
      name,
      state(instance.state),
      instance.try_number ?? "–",
      time(start),
      runs ? duration((Date.now() - Date.parse(start)) / 1000) : instance.duration === null ? "–" : duration(instance.duration),
      h(
        "div",
        { class: "actions" },
        unfinished && can("kill_running_tasks") && act("Kill", () => kill(instance), "danger"),
        unfinished && can("skip_task_instance") && act("Skip", () => skip(instance)),
        !unfinished && instance.state !== "removed" && can("restart_failed_task") && act("Restart", () => restart(instance)),
        !["success", "removed"].includes(instance.state) && can("succeed_task_instance") && act("Mark success", () => succeed(instance)),
        instance.try_number > 0 && may.includes("task_log") && act("Log", () => log.open({ taskId, mapIndex, tryNumber: instance.try_number })),
        h("a", { class: "button", href: gridLink(dagId, { dag_run_id: runId, task_id: taskId, ...indexOf(instance) }), "aria-label": `${name} in Airflow`, "data-key": `airflow ${name}` }, "Airflow"),
      ),
    ];
  }

  function paging(total) {
    if (total <= LIMIT) return null;
    const turn = (by) => () => {
      offset = Math.max(0, offset + by);
      poll.now();
    };
    return h(
      "div",
      { class: "actions" },
      button("Previous", turn(-LIMIT), "", { disabled: offset === 0, "data-key": "previous tasks" }),
      h("span", {}, `${offset + 1} to ${Math.min(offset + LIMIT, total)} of ${total}, in the order in which they started`),
      button("Next", turn(LIMIT), "", { disabled: offset + LIMIT >= total, "data-key": "next tasks" }),
    );
  }

  // Ask the API for its plan, show it, and do what was planned if that is wanted.
  async function act({ target, query = {}, body, title, action, kind, done }) {
    const request = { method: "POST", path: target, body: body && JSON.stringify(body) };
    fill(outcome);
    if (!(await planned({ ...request, query }, { title, action, kind, refused: (text) => !left && fill(outcome, text) }))) return;
    busy = true;
    for (const part of [head, tasks]) for (const control of part.querySelectorAll("button")) control.disabled = true;
    fill(outcome, notice("", "Waiting until it is done…"));
    const answer = await send({ ...request, query: { ...query, ...(body === undefined && WAIT) } });
    busy = false;
    if (left) return;
    fill(outcome, answer.ok ? notice("good", done(answer.body)) : notice("bad", inline(sentence(answer))));
    explainedAt = 0;
    await Promise.all([poll.now(), changed()]);
  }

  function ofTask(instance, verb) {
    return { target: `${path}/taskInstances/${encodeURIComponent(instance.task_id)}/${verb}`, query: indexOf(instance) };
  }

  function kill(instance) {
    const name = instance ? nameOf(instance) : "this run";
    const query = instance ? { task_id: instance.task_id, ...indexOf(instance) } : {};
    return act({ target: `${path}/kill`, query, title: `Kill ${name}?`, action: `Kill ${name}`, kind: "danger", done: stopped("Killed") });
  }

  function skip(instance) {
    const name = nameOf(instance);
    return act({ ...ofTask(instance, "skip"), title: `Skip ${name}?`, action: `Skip ${name}`, kind: "primary", done: stopped("Skipped") });
  }

  function succeed(instance) {
    const name = nameOf(instance);
    const title = `Mark ${name} as successful?`;
    return act({ ...ofTask(instance, "succeed"), title, action: `Mark ${name}`, kind: "primary", done: stopped("Marked as successful") });
  }

  function restartFailed() {
    return act({ target: `${path}/restart`, body: {}, title: "Restart what failed?", action: "Restart", kind: "primary", done: restarted });
  }

  function restart(instance) {
    const name = nameOf(instance);
    const body = { task_ids: [instance.task_id], ...indexOf(instance), only_failed: ["failed", "upstream_failed"].includes(instance.state) };
    return act({ target: `${path}/restart`, body, title: `Restart ${name}?`, action: `Restart ${name}`, kind: "primary", done: restarted });
  }

  poll.now();
  return {
    element: h("div", { class: "panel-box run" }, h("h3", {}, "Run ", h("code", {}, runId)), head, outcome, why, tasks, log.element),
    reorder: poll.now,
    leave: () => {
      left = true;
      poll.stop();
      log.leave();
    },
  };
}

function indexOf({ map_index: mapIndex }) {
  return mapIndex >= 0 ? { map_index: mapIndex } : {};
}
