// The difference between two definitions, the deployed and the new one or two versions, value by value.

import { h } from "./dom.js";

// What a dry run answered.
export function differences({ created, changes, unfinished_runs: unfinished }) {
  if (!isChange(changes)) return h("p", {}, "It is what is deployed already: nothing would change.");
  return [
    h("p", {}, created ? "It would be deployed for the first time." : "It would replace what is deployed."),
    unfinished > 0 && h("p", {}, `${unfinished} ${unfinished === 1 ? "run" : "runs"} under way would go on with the new tasks.`),
    changesTable(changes, { label: "What would change", before: "Deployed", after: "New" }),
  ];
}

export function isChange(changes) {
  return rowsOf(changes).length > 0;
}

export function changesTable(changes, { label, before, after }) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      { class: "table cards changes" },
      h("thead", {}, h("tr", {}, ["What", before, after].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rowsOf(changes).map((change) => row(change, before, after))),
    ),
  );
}

function rowsOf(changes) {
  const whole = (name, verb) => (id) => ({ what: name(id), verb });
  const values = (name) => (difference) => ({ what: `${name}: ${difference.key}`, ...difference });
  const task = (id) => `Task ${id}`;
  const group = (id) => `Task group ${id}`;
  const edge = ([from, to]) => `${from} → ${to}`;
  return [
    ...changes.dag.map(values("DAG")),
    ...changes.task_groups_added.map(whole(group, "added")),
    ...changes.task_groups_removed.map(whole(group, "removed")),
    ...changes.task_groups_changed.map(whole(group, "changed")),
    ...changes.tasks_added.map(whole(task, "added")),
    ...changes.tasks_removed.map(whole(task, "removed")),
    ...Object.entries(changes.task_differences).flatMap(([id, taskDifferences]) => taskDifferences.map(values(task(id)))),
    ...changes.edges_added.map(whole(edge, "added")),
    ...changes.edges_removed.map(whole(edge, "removed")),
  ];
}

function row({ what, verb, ...values }, before, after) {
  const oldValue = verb ? verb === "removed" && verb : json(values.before);
  const newValue = verb ? verb !== "removed" && verb : json(values.after);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, what),
    h("td", { class: "before", "data-label": before }, oldValue && h("div", {}, oldValue)),
    h("td", { class: "after", "data-label": after }, newValue && h("div", {}, newValue)),
  );
}

// A text of several lines, such as an SQL statement, is shown with its line breaks.
function json(value) {
  if (value === null) return h("span", { class: "muted" }, "not given");
  if (typeof value === "string" && value.includes("\n")) return h("pre", {}, value);
  return h("code", {}, JSON.stringify(value));
}
