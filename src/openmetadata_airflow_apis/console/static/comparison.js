// The difference between two versions of a definition: by values, as a graph, or as text beside text.

import { button, fill, h, inline, notice } from "./dom.js";
import { changesTable, isChange } from "./value_difference.js";
import { send, sentence } from "./http.js";

const KINDS = { values: "Values", graph: "Graph", text: "Text" };

let kind = "values"; // kept while the page is open

// path: of the DAG's versions. The other fields are those of compare_dag_versions; against is null if there is no version before.
export function comparisonView({ path, version_number: number, against, changes }) {
  const title = against ? `From version ${against} to version ${number}` : `What version ${number} brought`;
  const names = { label: title, before: against ? `Version ${against}` : "Before", after: `Version ${number}` };
  const choice = h("div", { class: "actions", role: "group", "aria-label": "Difference as" });
  const place = h("div", {});
  let versions = null;

  // Resolves to both versions, which are fetched on the first call.
  async function bothVersions() {
    versions ??= Promise.all([against, number].map((versionNumber) => (versionNumber ? send({ method: "GET", path: `${path}/${versionNumber}` }) : null)));
    const answers = await versions;
    const failedAnswer = answers.find((answer) => answer && !answer.ok);
    if (failedAnswer) versions = null;
    return failedAnswer ? Promise.reject(new Error(sentence(failedAnswer))) : answers.map((answer) => answer && answer.body);
  }

  async function draw() {
    if (kind === "values") return isChange(changes) ? changesTable(changes, names) : h("p", {}, "They do the same.");
    if (kind === "text") {
      const [[before, after], { textDifference }] = await Promise.all([bothVersions(), import("./text_difference.js")]);
      return textDifference(before && before.definition, after.definition, { ...names, label: `${title}, as text` });
    }
    const [[before, after], { graphDifference }] = await Promise.all([bothVersions(), import("./graph_difference.js")]);
    const changed = new Set(Object.keys(changes.task_differences));
    return graphDifference(before && before.canonical_definition, after.canonical_definition, changed, title);
  }

  async function show() {
    const shownKind = kind;
    if (kind !== "values") fill(place, h("p", { class: "muted", role: "status" }, "Loading…"));
    fill(choice, Object.entries(KINDS).map(([name, label]) => button(label, () => choose(name), "", { "aria-pressed": String(name === kind), "data-key": name })));
    let content;
    try {
      content = await draw();
    } catch (error) {
      content = notice("bad", inline(error.message));
    }
    if (shownKind === kind) fill(place, content);
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
