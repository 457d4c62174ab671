// The cells of a DAG's row in the list.

import { button, duration, h, inline, state, time } from "./dom.js";
import { serverTime } from "./http.js";
import { dagLink, runLink } from "./links.js";

const WORDS = { parsed: "ready", pending: "being read", failed: "cannot be loaded" };

// A switch that is on while runs start by the schedule.
export function pauseCell(dag, may, pause) {
  if (dag.is_paused === null) return h("span", { class: "muted" }, "–");
  const attributes = {
    type: "button",
    class: "switch",
    role: "switch",
    "aria-checked": String(!dag.is_paused),
    "aria-label": `${dag.dag_id} is on`,
    title: dag.is_paused ? "Paused: no run starts by itself" : "On: runs start by the schedule",
    "data-key": `pause ${dag.dag_id}`,
    disabled: !may.includes("patch_dag"),
    onclick: () => pause(dag),
  };
  return h("button", attributes, h("span", {}));
}

export function dagCell(dag, { withPause, choose }) {
  const { dag_id: dagId, dag_display_name: name, tags, owners } = dag;
  return [
    h("a", { class: "dag-name", href: dagLink(dagId), "data-key": `open ${dagId}` }, name),
    name !== dagId && h("div", { class: "muted" }, dagId),
    withPause && dag.is_paused && [" ", h("span", { class: "mark plain" }, "paused")],
    owners.length > 0 && h("div", { class: "muted" }, owners.join(", ")),
    tags.length > 0 &&
      h(
        "div",
        { class: "tags" },
        tags.map(({ name: tag }) =>
          button(tag, () => choose(tag), "tag-button", { "aria-label": `Only those tagged ${tag}`, "data-key": `tag ${dagId} ${tag}` }),
        ),
      ),
  ];
}

export function scheduleCell(dag) {
  const { schedule_interval: schedule, timetable_description: words, next_dagrun_create_after: next } = dag;
  if (dag.is_paused === null) return h("span", { class: "muted" }, "not known yet");
  if (!schedule) return h("span", { class: "muted" }, "only when triggered");
  const text = schedule.value ?? words;
  return [
    words || text,
    words && text && text !== words && h("div", {}, h("code", { class: "muted" }, text)),
    next && h("div", { class: "muted" }, "next ", time(next), dag.is_paused && ", once it is on"),
  ];
}

// The recent runs as bars, the latest at the right and each as high as it was long, and the latest run in words.
export function recentRuns({ dag_id: dagId, recent_runs: runs, last_run: last }) {
  if (!last) return h("span", { class: "muted" }, "has not run yet");
  const longest = Math.max(1, ...runs.map(seconds));
  // The Tab key reaches only the latest run's link; the other runs are reached from the DAG's own view.
  const bars = [...runs].reverse().map((run) => barOf(run, longest, runLink({ dag_id: dagId, run_id: run.run_id })));
  return [
    h("span", { class: "bars" }, bars),
    h(
      "div",
      {},
      h("a", { href: runLink({ dag_id: dagId, run_id: last.run_id }), "data-key": `last ${dagId}` }, state(last.state)),
      " ",
      time(last.start_date || last.logical_date),
    ),
  ];
}

// A run as a bar, as high as it was long. longest: the seconds of the longest run beside it.
export function barOf(run, longest, href) {
  const words = `${run.run_id}: ${run.state}${run.end_date ? `, took ${duration(seconds(run))}` : ""}`;
  const bar = h("a", { class: "bar", href, "data-state": run.state, "aria-label": words, title: words, tabindex: "-1" });
  const part = Math.min(1, Math.log1p(seconds(run)) / Math.log1p(Math.max(1, longest)));
  bar.style.height = `${Math.round(30 + 70 * part)}%`;
  return bar;
}

function seconds({ start_date: start, end_date: end }) {
  return start ? Math.max(0, (end ? Date.parse(end) : serverTime()) - Date.parse(start)) / 1000 : 0;
}

// What a deployment's state is called here; a damaged one is called as the API calls it.
export function deploymentWord({ state: name }) {
  return WORDS[name];
}

export function stateCell(dag) {
  const error = dag.import_error;
  return [
    state(dag.state, deploymentWord(dag)),
    error && [h("p", { class: "reason" }, inline(error.split("\n")[0])), importError(dag)],
    h(
      "div",
      { class: "muted" },
      dag.version_number && `version ${dag.version_number} `,
      "by ",
      dag.deployed_by,
      ", ",
      time(dag.deployed_at),
    ),
  ];
}

export function importError({ dag_id: dagId, import_error: text }) {
  return h(
    "details",
    { "data-key": `error of ${dagId}` },
    h("summary", {}, "Import error"),
    h("pre", { class: "error-text", tabindex: "0" }, text),
  );
}

export function actionCells(dag, may, { trigger, remove }) {
  const keyed = (action) => ({ "data-key": `${action} ${dag.dag_id}`, "aria-label": `${action} ${dag.dag_id}` });
  return h(
    "div",
    { class: "actions" },
    may.includes("trigger_dag") && button("Trigger", () => trigger(dag), "", keyed("Trigger")),
    may.includes("delete_dag") && button("Delete", () => remove(dag), "danger", keyed("Delete")),
  );
}

// Of a damaged DAG only the name is known, and nothing can be done here until its file is repaired.
export function damagedCells(dag, columns) {
  const cells = {
    DAG: dag.dag_id,
    State: [state(dag.state), h("p", { class: "error-text" }, dag.reason)],
  };
  return columns.map((name) => cells[name] ?? "");
}
