// The task instances of a run as a table: which of them are shown first, or alone, in which order, a page at a time, and
// the buttons that choose by state.

import { button, duration, h, state, table, time } from "./dom.js";
import { hasShortAddress } from "./http.js";
import { gridLink } from "./links.js";
import { BY_ATTENTION, hasEnded, nameOf } from "./task_states.js";

const COLUMNS = ["Task", "State", "Try", "Started", "Took", "Actions"];
const STATES = BY_ATTENTION.map((name) => name ?? "no_status");
export const PAGE = 200; // task instances
const ALONE = 20; // up to so many chosen tasks, the list has only these

// Which task instances are shown: of a run with more than a page of them those that failed, if any did, and in the order
// of their starts; of another all. counts: how many are in each state. chosenState: the only one to be shown, "" for all,
// null before the reader has chosen. Answers { isLong, shownState, query }, the query of list_task_instances.
export function firstPage(counts, chosenState, offset) {
  const isLong = Object.values(counts).reduce((sum, count) => sum + count, 0) > PAGE;
  const shownState = chosenState ?? (isLong && counts.failed ? "failed" : "");
  const filter = shownState && { state: shownState === "no_status" ? "none" : shownState };
  const query = Object.entries({ limit: PAGE, offset, ...filter, ...(isLong && { order_by: "start_date" }) });
  return { isLong, shownState, query };
}

// The chosen tasks that the run has, if the list can have these alone: few, with ids that have room in an address. tasks:
// those of the run, a map by task_id, undefined if they are not known. path: of the run.
export function listedAlone(chosen, tasks, path) {
  const ids = [...chosen].filter((id) => !tasks || tasks.has(id));
  const request = { path: `${path}/taskInstances`, query: ids.map((id) => ["task_id", id]) };
  return ids.length <= ALONE && hasShortAddress(request) ? ids : [];
}

// Puts task instances in the order of the graph, once it is drawn. order: task_id → its place there.
export function sortByGraph(instances, order) {
  if (order.size) instances.sort((first, second) => placeOf(first.task_id, order) - placeOf(second.task_id, order) || first.map_index - second.map_index);
}

// The place of a task in the graph; of one that the graph does not have, after all others.
export function placeOf(taskId, order) {
  return order.get(taskId) ?? order.size;
}

// instances: a page of list_task_instances. can(operation) says whether to offer it. actions: of run_actions.js.
// ahead: milliseconds that the server's clock is ahead.
export function instanceTable(instances, { dagId, runId, can, actions, log, ahead }) {
  return table(`Tasks of ${runId}`, COLUMNS, instances.map(row), { empty: "There are no task instances here." });

  function row(instance) {
    const { task_id: taskId, map_index: mapIndex, start_date: start } = instance;
    const name = nameOf(instance);
    const unfinished = !hasEnded(instance.state);
    const act = (label, onclick, kind = "") => button(label, onclick, kind, { "data-key": `${label} ${name}`, "aria-label": `${label} ${name}` });
    const runs = instance.duration === null && start && unfinished;
    const place = { dag_run_id: runId, task_id: taskId, ...(mapIndex >= 0 && { map_index: mapIndex }) };
    return [
      name,
      state(instance.state),
      instance.try_number ?? "–",
      time(start),
      runs ? counting(start, ahead) : instance.duration === null ? "–" : duration(instance.duration),
      h(
        "div",
        { class: "actions" },
        unfinished && can("kill_running_tasks") && act("Kill", () => actions.kill([instance]), "danger"),
        unfinished && can("skip_task_instance") && act("Skip", () => actions.skip([instance])),
        !unfinished && instance.state !== "removed" && can("restart_failed_task") && act("Restart", () => actions.restart([instance])),
        !["success", "removed"].includes(instance.state) && can("succeed_task_instance") && act("Mark success", () => actions.succeed([instance])),
        instance.try_number > 0 && start && can("task_log") && act("Log", () => log.open({ taskId, mapIndex, tryNumber: instance.try_number })),
        h("a", { class: "button", href: gridLink(dagId, place), "aria-label": `${name} in Airflow`, "data-key": `airflow ${name}` }, "Airflow"),
      ),
    ];
  }
}

// A button for each state of the instances, with their number. only: the only state that is shown, "" for all.
export function stateButtons(counts, only, choose) {
  const present = STATES.filter((name) => counts[name]);
  if (present.length < 2 && (!only || counts[only])) return null; // there is nothing to choose, nor a choice to take back
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const stateButton = (name, label, count) =>
    h(
      "button",
      { type: "button", class: "button state-choice", "aria-pressed": String(only === name), onclick: () => choose(name), "data-key": `state ${name}` },
      label,
      ` ${count}`,
    );
  return h(
    "div",
    { class: "actions", role: "group", "aria-label": "Task instances in state" },
    stateButton("", "all", total),
    present.map((name) => stateButton(name, state(name === "no_status" ? null : name), counts[name])),
  );
}

export function paging({ offset, limit, total, turn }) {
  if (total <= limit) return null;
  return h(
    "div",
    { class: "actions" },
    button("Previous", () => turn(Math.max(0, offset - limit)), "", { disabled: offset === 0, "data-key": "previous tasks" }),
    h("span", {}, `${offset + 1} to ${Math.min(offset + limit, total)} of ${total}, in the order in which they started`),
    button("Next", () => turn(offset + limit), "", { disabled: offset + limit >= total, "data-key": "next tasks" }),
  );
}

// Answers an element with the time since `start`, renewed every second. ahead: milliseconds that the server's clock is ahead of this one.
function counting(start, ahead = 0) {
  const element = h("span", { class: "counting", "data-start": Date.parse(start) - ahead });
  showDuration(element);
  return element;
}

function showDuration(element) {
  element.textContent = duration(Math.max(0, Date.now() - Number(element.dataset.start)) / 1000);
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("#rest-api .counting")) showDuration(element);
}, 1000);
