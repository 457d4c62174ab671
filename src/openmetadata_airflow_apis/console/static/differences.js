// What a dry run found: the difference between what is deployed and what would be.

import { h } from "./dom.js";

export function differences({ created, changes, unfinished_runs: unfinished }) {
  const rows = [
    ...changes.dag.map(({ key, before, after }) => [`DAG: ${key}`, json(before), json(after)]),
    ...changes.task_groups_added.map((id) => [`Task group ${id}`, "", "added"]),
    ...changes.task_groups_removed.map((id) => [`Task group ${id}`, "", "removed"]),
    ...changes.task_groups_changed.map((id) => [`Task group ${id}`, "", "changed"]),
    ...changes.tasks_added.map((id) => [`Task ${id}`, "", "added"]),
    ...changes.tasks_removed.map((id) => [`Task ${id}`, "", "removed"]),
    ...Object.entries(changes.tasks_changed).map(([id, keys]) => [`Task ${id}`, "", `changed: ${keys.join(", ")}`]),
    ...changes.edges_added.map(([from, to]) => [`${from} → ${to}`, "", "added"]),
    ...changes.edges_removed.map(([from, to]) => [`${from} → ${to}`, "", "removed"]),
  ];
  if (!rows.length) return h("p", {}, "It is what is deployed already: nothing would change.");
  return [
    h("p", {}, created ? "It would be deployed for the first time." : "It would replace what is deployed."),
    unfinished > 0 && h("p", {}, `${unfinished} run(s) under way would go on with the new tasks.`),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "What would change" },
      h(
        "table",
        { class: "table" },
        h("thead", {}, h("tr", {}, ["What", "Deployed", "New"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, rows.map(([what, before, after]) => row(what, before, after))),
      ),
    ),
  ];
}

function row(what, before, after) {
  return h("tr", {}, h("th", { scope: "row" }, what), h("td", {}, before), h("td", {}, after));
}

function json(value) {
  return h("code", {}, JSON.stringify(value));
}
