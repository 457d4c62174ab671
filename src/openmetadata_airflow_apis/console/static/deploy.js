// The view Deploy: a definition is written or dropped, checked and drawn while it is written, and deployed after its
// reader has seen what would change.

import { button, fill, h, inline, notice } from "./dom.js";
import { whenAllIsWellAgain } from "./connection.js";
import { checking } from "./definition_check.js";
import { deployPlans } from "./deploy_plans.js";
import { droppable, filePicker } from "./definition_file.js";
import { textEditor } from "./editor.js";
import { faultList } from "./fault_list.js";
import { isJson } from "./cursor_place.js";
import { DAGS_PATH } from "./links.js";
import { writtenGraph } from "./editor_graph.js";

// base: the deployment that the draft began from, empty if none: { dagId, revision, versionNumber, text }.
export async function deployView({ spec, permitted, draft, base }) {
  if (!permitted.operations.includes("deploy_dag")) {
    return {
      element: h(
        "section",
        {},
        h("h2", {}, "Deploy"),
        notice("", "You may not deploy: it needs the permission “can create on Managed DAGs”."),
      ),
    };
  }
  const example = spec.paths[DAGS_PATH].post.requestBody.content["application/json"].example;
  const status = h("p", { class: "editor-status", role: "status" });
  const faults = faultList("definition-faults", (fault) => editor.select(fault));
  const graph = writtenGraph();
  const plans = deployPlans(base, () => editor.text);
  const checks = checking(() => editor.text, show);
  let isUnanswered = false; // the last check
  const editor = await textEditor({ labelId: "definition-label", faultsId: "definition-faults", onchange: changed });

  // The plans that are shown are those of the text before.
  function changed() {
    plans.clear();
    fill(status, "Checking…");
    checks.soon();
  }

  function show(result) {
    isUnanswered = Boolean(result.isUnanswered);
    const foundFaults = faultsOf(result);
    faults.show(foundFaults);
    editor.mark(foundFaults);
    graph.show(result.dags);
    fill(status, isJson(editor.text) ? "JSON" : "YAML", ": ", result.isUnanswered ? "not checked" : summary(result, foundFaults));
  }

  // Checks the text as it is now, and calls act(dags) unless there are faults that the DAGs' plans don't show.
  async function afterCheck(act) {
    const result = await checks.now();
    if (!result) return;
    const foundFaults = faultsOf(result);
    if (foundFaults.length && (result.dags.length < 2 || result.isUnanswered)) {
      const first = foundFaults.find(({ line }) => line);
      if (first) editor.select(first);
      plans.say(notice("bad", h("strong", {}, "Nothing was deployed. "), inline(foundFaults[0].detail), foundFaults.length > 1 && ` And ${foundFaults.length - 1} more, above.`));
    } else {
      await act(result.dags);
    }
  }

  async function load(text) {
    editor.text = text;
    const result = await checks.now();
    if (result?.dags.length > 1) await plans.look(result.dags);
  }

  const stopListening = whenAllIsWellAgain(() => isUnanswered && checks.now());
  if (draft === null) base.text = `${JSON.stringify(example, null, 2)}\n`;
  editor.text = draft ?? base.text;
  const editorSide = h(
    "div",
    { class: "editor-side" },
    h("div", { id: "definition-label", class: "editor-label" }, "Workflow definition (JSON or YAML)"),
    editor.element,
    faults.element,
    status,
  );
  const element = h(
    "section",
    { class: "deploy" },
    h("h2", {}, "Deploy"),
    h(
      "p",
      { class: "lead" },
      "Write a workflow definition, or drop a file on the editor. It is checked as you write; nothing is deployed before you say so.",
    ),
    filePicker(load),
    h("div", { class: "written" }, droppable(editorSide, load), graph.element),
    h(
      "div",
      { class: "actions" },
      // Each press begins anew, with the text as it is then: what an earlier one has asked is dropped.
      button("Deploy", () => void afterCheck(plans.deploy), "primary"),
      button("Dry run", () => void afterCheck(plans.look)),
    ),
    plans.element,
  );
  return {
    element,
    draft: () => editor.text,
    leave() {
      stopListening();
      checks.stop();
      plans.clear();
      editor.destroy();
    },
  };
}

function faultsOf({ faults, dags }) {
  return [...faults, ...dags.flatMap((dag) => dag.faults)].sort((first, second) => (first.line ?? 0) - (second.line ?? 0));
}

function summary({ dags }, foundFaults) {
  if (foundFaults.length) return foundFaults.length === 1 ? "1 fault" : `${foundFaults.length} faults`;
  const tasks = dags.reduce((sum, dag) => sum + dag.definition.tasks.length, 0);
  const taskCount = `${tasks} ${tasks === 1 ? "task" : "tasks"}`;
  return dags.length > 1 ? `no faults, ${dags.length} DAGs, ${taskCount}` : `no faults, ${taskCount}`;
}
