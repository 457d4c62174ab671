// When the tasks of a run waited and ran, as bars, in the order of the graph; a mapped task is one bar.

import { duration, h, refill, state } from "./dom.js";
import { taskLink } from "./links.js";
import { inWords, isUnderWay } from "./task_states.js";

const TICKS = 4;
const ENDLESS = new Set(["running", "restarting", "deferred", "up_for_reschedule"]);

// Answers { element, show }. show(run, ids) takes a run of task_states.js, and the ids of its tasks in their order.
export function timelineView(dagId) {
  const element = h("div", { class: "timeline" });

  function show(run, ids) {
    const now = Date.now() + run.ahead;
    const rows = ids.filter((id) => run.tasks.has(id)).map((id) => times(run.tasks.get(id), now));
    const beginnings = rows.flatMap(({ queued, started }) => [queued, started]).filter((moment) => moment !== null);
    const from = Math.min(...beginnings, run.start_date ? Date.parse(run.start_date) : now);
    const ends = rows.map(({ ended }) => ended).filter((moment) => moment !== null);
    const to = Math.max(from + 1000, ...ends, isUnderWay(run) ? now : from);
    const place = (moment) => (100 * (moment - from)) / (to - from);
    refill(
      element,
      h(
        "div",
        { class: "scroll" },
        h(
          "table",
          { class: "table", "aria-label": `Timeline of ${run.run_id}` },
          h("thead", {}, h("tr", {}, ["Task", "State", "Queued", "Ran"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "timeline-axis" }, axis(to - from)))),
          h("tbody", {}, rows.map((row) => line(row, run, place))),
        ),
      ),
    );
  }

  function line(row, run, place) {
    const { task, queued, started, ended } = row;
    const address = taskLink({ dag_id: dagId, run_id: run.run_id, task_id: task.task_id });
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("a", { href: address, "data-key": `timeline ${task.task_id}` }, task.task_id)),
      h("td", {}, state(task.state, row.total > 1 ? inWords(row) : undefined)),
      h("td", {}, queued === null ? "–" : duration(Math.max(0, (started ?? ended) - queued) / 1000)),
      h("td", {}, started === null ? "–" : duration(Math.max(0, ended - started) / 1000)),
      h(
        "td",
        { class: "timeline-bars", "data-state": task.state ?? "none" },
        h("div", {}, queued !== null && bar("waited", place(queued), place(started ?? ended)), started !== null && bar("ran", place(started), place(ended))),
      ),
    );
  }

  return { element, show };
}

// When a task was queued, started and ended, in milliseconds; null for not yet, and `now` as the end of what goes on. A
// task that was queued after its start has been queued again, for another try.
function times(task, now) {
  const timeOf = (text) => (text ? Date.parse(text) : null);
  const isGoingOn = [...task.counts.keys()].some((name) => ENDLESS.has(name));
  const isWaiting = [...task.counts.keys()].some((name) => name === "queued");
  const [queued, started] = [timeOf(task.queued_when), timeOf(task.start_date)];
  const ended = isGoingOn || (isWaiting && started === null) ? now : timeOf(task.end_date);
  const total = [...task.counts.values()].reduce((sum, count) => sum + count, 0);
  const first = queued !== null && started !== null && queued > started ? started : queued;
  return { task, queued: ended === null ? null : first, started: ended === null ? null : started, ended, state: task.state, counts: task.counts, total };
}

function bar(kind, from, to) {
  const element = h("span", { class: `timeline-bar ${kind}` });
  element.style.left = `${from}%`;
  element.style.width = `${Math.max(0, to - from)}%`;
  return element;
}

function axis(length) {
  const ticks = Array.from({ length: TICKS }, (_, index) => {
    const tick = h("span", {}, index ? duration((length * index) / TICKS / 1000) : "0");
    tick.style.left = `${(100 * index) / TICKS}%`;
    return tick;
  });
  return h("div", { "aria-hidden": "true" }, ticks);
}
