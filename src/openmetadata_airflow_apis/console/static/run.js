// One run of a DAG: why it failed or waits, its graph, its tasks as a table or a timeline, and repairing it.

import { button, fill, h, inline, notice, refill, state, time } from "./dom.js";
import { explanation } from "./explanation.js";
import { send, sentence, tellUnreadable } from "./http.js";
import { gridLink, runPath } from "./links.js";
import { logPanel } from "./log.js";
import { pauseAfter, pauseWhile, polling } from "./polling.js";
import { runActions, selectionBar } from "./run_actions.js";
import { firstPage, instanceTable, listedAlone, PAGE, paging, placeOf, sortByGraph, stateButtons } from "./run_tasks.js";
import { isUnderWay, nameOf, readSummaries } from "./task_states.js";
import { timelineView } from "./timeline.js";

const EXPLAINED_FOR = 3000;

// order: task_id → its place in the graph, empty until the graph is drawn; then reorder() is called. picture: the element
// of the graph. observe(tasks) is called with the run's tasks as task_states.js answers them. choose(ids) chooses tasks
// on the graph.
export function runPanel({ dagId, runId, taskId, may, order, picture, changed, observe, runOnly, choose }) {
  const path = runPath(dagId, runId);
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
  let chosenState = null; // the only state that is shown; "" for all, null before the reader has chosen
  let offset = 0;
  let explained = null;
  let explainedAt = 0;
  let summary = null;
  let isLeft = false;
  let busy = false;
  let stoppedButtons = []; // while busy; others can't be pressed at any rate, such as "Previous" on the first page
  const poll = polling(load);
  const can = (operation) => may.includes(operation) && (!busy || operation === "task_log");
  const actions = runActions({ path, outcome, busy: work, done: acted, isLeft: () => isLeft });
  const selection = selectionBar({ may, actions, runOnly, choose });

  async function load(isLatest) {
    const reading = may.includes("list_task_summaries") ? readSummaries(dagId, { runIds: [runId] }) : null;
    const run = await send({ method: "GET", path });
    const summaries = await reading;
    if (!isLatest()) return null;
    if (!run.ok) return unreadable(run);
    summary = summaries?.[0] ?? summary;
    if (summary) observe(summary.tasks);
    const settled = explained?.ok && explained.body.state === run.body.state && !isUnderWay(run.body);
    if (may.includes("explain_dag_run") && !settled && Date.now() - explainedAt > EXPLAINED_FOR) {
      const explaining = explain();
      if (!summary) await explaining;
      if (!isLatest()) return null;
    }
    const counts = countsOf();
    const idsToList = listedAlone(picked, summary?.tasks, path);
    const { isLong, shownState, query } = firstPage(counts, chosenState, offset);
    query.push(...idsToList.map((id) => ["task_id", id]));
    const instances = await send({ method: "GET", path: `${path}/taskInstances`, query });
    if (!isLatest()) return null;
    if (!instances.ok) return unreadable(instances);
    fill(trouble);
    const { task_instances: listedInstances, total_entries: total } = instances.body;
    if (offset > 0 && offset >= total) {
      offset = 0; // there is no such page any more
      return 0;
    }
    if (!isLong) sortByGraph(listedInstances, order);
    ifChanged("head", [run.body, counts, busy], () => refill(head, heading(run.body, counts)));
    selection.show(picked, summary?.tasks, busy);
    ifChanged("views", [view, Boolean(summary)], () => refill(views, h("h3", {}, "Tasks"), summary && switches()));
    if (view === "timeline" && summary) timeline.show(summary, inOrder());
    ifChanged("tasks", [listedInstances, total, shownState, offset, counts, busy, view, order.size], () => refill(tasks, view === "timeline" && summary ? timeline.element : listing(listedInstances, counts, shownState, total)));
    const isCurrent = !explained?.ok || explained.body.state === run.body.state;
    return pauseWhile(isUnderWay(run.body) || !isCurrent);
  }

  // For a run of 10,000 task instances this takes a second, so the tasks don't wait for it.
  async function explain() {
    explainedAt = Infinity; // not read again before the answer is there
    const answer = await send({ method: "GET", path: `${path}/explanation` });
    if (isLeft) return;
    explained = answer.ok || !explained?.ok ? answer : explained;
    explainedAt = Date.now();
    ifChanged("why", explained.body, () => refillReasons());
  }

  // Builds a part again only if its value has changed, so that readers who select something are not disturbed.
  function ifChanged(part, value, build) {
    const content = JSON.stringify(value);
    if (content === shown[part]) return;
    shown[part] = content;
    build();
  }

  // Says that the run can't be read; what is shown already stays.
  function unreadable(answer) {
    tellUnreadable(trouble, answer, shown.head);
    return pauseAfter(answer);
  }

  // The numbers of task instances by state: of the chosen tasks, or of the whole run.
  function countsOf() {
    if (!summary) return explained?.ok ? explained.body.task_instance_counts : {};
    const counts = {};
    const idsToList = listedAlone(picked, summary.tasks, path);
    for (const id of idsToList.length ? idsToList : summary.tasks.keys()) for (const [name, count] of summary.tasks.get(id).counts) counts[name ?? "no_status"] = (counts[name ?? "no_status"] ?? 0) + count;
    return counts;
  }

  function inOrder() {
    return [...summary.tasks.keys()].sort((first, second) => placeOf(first, order) - placeOf(second, order));
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
    const viewButton = (name, label) => button(label, () => { view = name; poll.now(); }, "", { "aria-pressed": String(view === name), "data-key": `view ${name}` });
    return h("div", { class: "actions", role: "group", "aria-label": "Tasks as" }, viewButton("table", "Table"), viewButton("timeline", "Timeline"));
  }

  function listing(instances, counts, shownState, total) {
    const showFrom = (to) => { offset = to; poll.now(); };
    const chooseState = (name) => { chosenState = name; showFrom(0); };
    return [
      stateButtons(counts, shownState, chooseState),
      instanceTable(instances, { dagId, runId, can, actions, log, ahead: summary?.ahead }),
      paging({ offset, limit: PAGE, total, turn: showFrom }),
    ];
  }

  function work(isBusy) {
    busy = isBusy;
    for (const control of stoppedButtons) control.disabled = false;
    stoppedButtons = isBusy ? [head, tasks, selection.element].flatMap((part) => [...part.querySelectorAll("button:enabled")]) : [];
    for (const control of stoppedButtons) control.disabled = true;
  }

  async function acted() {
    explainedAt = 0;
    await Promise.all([poll.now(), changed()]);
  }

  function pick(ids) {
    picked = new Set(ids);
    [chosenState, offset] = [null, 0];
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
      isLeft = true;
      poll.stop();
      log.leave();
    },
  };
}
