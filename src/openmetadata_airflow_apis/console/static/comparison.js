// The difference between two versions of a definition: by values, as a graph, or as text beside text.

import { button, fill, h, inline, notice } from "./dom.js";
import { changesTable, isChange } from "./differences.js";
import { send, sentence } from "./http.js";

const KINDS = { values: "Values", graph: "Graph", text: "Text" };

let kind = "values"; // kept while the page is open

// path: of the DAG's versions. The rest is what compare_dag_versions answers; against is null for no version.
export function comparisonView({ path, version_number: number, against, changes }) {
  const title = against ? `From version ${against} to version ${number}` : `What version ${number} brought`;
  const names = { label: title, before: against ? `Version ${against}` : "Before", after: `Version ${number}` };
  const choice = h("div", { class: "actions", role: "group", "aria-label": "Difference as" });
  const place = h("div", {});
  let versions = null;

  // Fetched when they are wanted for the first time.
  async function both() {
    versions ??= Promise.all([against, number].map((one) => (one ? send({ method: "GET", path: `${path}/${one}` }) : null)));
    const answers = await versions;
    const failed = answers.find((answer) => answer && !answer.ok);
    if (failed) versions = null;
    return failed ? Promise.reject(new Error(sentence(failed))) : answers.map((answer) => answer && answer.body);
  }

  async function draw() {
    if (kind === "values") return isChange(changes) ? changesTable(changes, names) : h("p", {}, "They do the same.");
    if (kind === "text") {
      const [[before, after], { textDifference }] = await Promise.all([both(), import("./text_difference.js")]);
      return textDifference(before && before.definition, after.definition, { ...names, label: `${title}, as text` });
    }
    const [[before, after], { graphDifference }] = await Promise.all([both(), import("./graph_difference.js")]);
    const changed = new Set(Object.keys(changes.task_differences));
    return graphDifference(before && before.canonical_definition, after.canonical_definition, changed, title);
  }

  async function show() {
    const wanted = kind;
    if (kind !== "values") fill(place, h("p", { class: "muted", role: "status" }, "Loading…"));
    fill(choice, Object.entries(KINDS).map(([name, label]) => button(label, () => choose(name), "", { "aria-pressed": String(name === kind), "data-key": name })));
    let drawn;
    try {
      drawn = await draw();
    } catch (error) {
      drawn = notice("bad", inline(error.message));
    }
    if (wanted === kind) fill(place, drawn);
  }

  async function choose(name) {
    kind = name;
    const shown = show();
    choice.querySelector(`[data-key="${name}"]`).focus();
    await shown;
  }

  show();
  return [h("h4", {}, title), choice, place];
}
