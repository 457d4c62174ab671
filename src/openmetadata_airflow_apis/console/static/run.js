// One run of a DAG: its tasks, and killing, skipping and restarting them.

import { button, confirm, fill, h, inline, notice, refill, state, table, time } from "./dom.js";
import { isUnfinished } from "./dags.js";
import { send, sentence } from "./http.js";
import { polling } from "./polling.js";

const COLUMNS = ["Task", "State", "Tries", "Started", "Seconds", "Actions"];
const DONE = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);
const LIMIT = 100;

// A process that is told to stop takes a heartbeat to do so. Until it is gone, it could still fail the next try.
const WAIT = { wait: 20 };

export function runPanel({ dagId, runId, may, changed }) {
  const path = `/rest_api/api/dags/${encodeURIComponent(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
  const head = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const tasks = h("div", {});
  let shown = "";
  let left = false;
  let busy = false;
  const poll = polling(load);

  async function load() {
    const [run, instances] = await Promise.all([
      send({ method: "GET", path }),
      send({ method: "GET", path: `${path}/taskInstances`, query: { limit: LIMIT } }),
    ]);
    if (left) return null;
    const failed = [run, instances].find((answer) => !answer.ok);
    if (failed) {
      fill(head, notice("bad", inline(sentence(failed))));
      return 10000;
    }
    const now = JSON.stringify([run.body, instances.body, busy]);
    if (now !== shown) {
      shown = now;
      const { task_instances: found, total_entries: total } = instances.body;
      refill(head, heading(run.body, found));
      refill(
        tasks,
        table(`Tasks of ${runId}`, COLUMNS, found.map(row), { empty: "It has no task instances yet." }),
        total > LIMIT && h("p", { class: "muted" }, `The first ${LIMIT} of ${total} task instances.`),
      );
    }
    return isUnfinished(run.body) ? 1500 : 10000;
  }

  function heading(run, found) {
    const failed = found.some((instance) => instance.state === "failed");
    return [
      h("p", {}, state(run.state), " started ", time(run.start_date), ", ended ", time(run.end_date)),
      h(
        "div",
        { class: "actions" },
        !busy &&
          failed &&
          may.includes("restart_failed_task") &&
          button("Restart failed", () => act(`${path}/restart`, restarted), "primary", { "data-key": "restart" }),
        !busy &&
          isUnfinished(run) &&
          may.includes("kill_running_tasks") &&
          button("Kill", () => kill(), "danger", { "data-key": "kill", "aria-label": `Kill ${runId}` }),
      ),
    ];
  }

  function row(instance) {
    const { task_id: taskId, map_index: mapIndex } = instance;
    const name = mapIndex >= 0 ? `${taskId} [${mapIndex}]` : taskId;
    const unfinished = !busy && !DONE.has(instance.state);
    const keyed = (action) => ({ "data-key": `${action} ${name}`, "aria-label": `${action} ${name}` });
    return [
      name,
      state(instance.state),
      instance.try_number ?? "–",
      time(instance.start_date),
      instance.duration === null ? "–" : instance.duration.toFixed(1),
      h(
        "div",
        { class: "actions" },
        unfinished && may.includes("kill_running_tasks") && button("Kill", () => kill(instance, name), "danger", keyed("Kill")),
        unfinished && may.includes("skip_task_instance") && button("Skip", () => skip(instance), "", keyed("Skip")),
      ),
    ];
  }

  async function act(target, done, query = {}) {
    busy = true;
    for (const part of [head, tasks]) for (const control of part.querySelectorAll("button")) control.disabled = true;
    fill(outcome, notice("", "Waiting until it is done…"));
    const answer = await send({ method: "POST", path: target, query });
    busy = false;
    if (left) return;
    fill(outcome, answer.ok ? notice("good", done(answer.body)) : notice("bad", inline(sentence(answer))));
    await Promise.all([poll.now(), changed()]);
  }

  async function kill(instance, name = "this run") {
    const what = instance ? "The task fails, and its process on the worker ends." : "Every unfinished task of it fails, and the run itself.";
    if (!(await confirm(`Kill ${name}?`, what, `Kill ${name}`))) return;
    await act(`${path}/kill`, stopped("Killed"), {
      ...WAIT,
      ...(instance && { task_id: instance.task_id, ...indexOf(instance) }),
    });
  }

  async function skip(instance) {
    await act(`${path}/taskInstances/${encodeURIComponent(instance.task_id)}/skip`, stopped("Skipped"), {
      ...WAIT,
      ...indexOf(instance),
    });
  }

  poll.now();
  return {
    element: h("div", { class: "panel-box" }, h("h3", {}, "Run ", h("code", {}, runId)), head, outcome, tasks),
    leave: () => {
      left = true;
      poll.stop();
    },
  };
}

function indexOf({ map_index: mapIndex }) {
  return mapIndex >= 0 ? { map_index: mapIndex } : {};
}

function stopped(verb) {
  const names = (instances) => instances.map((one) => one.task_id).join(", ");
  return ({ task_instances: touched, still_running: running }) => [
    `${verb}: ${names(touched)}.`,
    running.length > 0 && ` These have still to stop: ${names(running)}.`,
  ];
}

function restarted({ failed_task_count: failed, clear_task_count: cleared }) {
  return `Restarted ${failed} failed task instance(s), with what comes after them ${cleared} in all.`;
}
