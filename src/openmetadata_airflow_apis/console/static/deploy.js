// Deploying: a definition is written or dropped, checked and drawn as it is written, and deployed after a look at what
// would change.

import { button, fill, h, inline, notice } from "./dom.js";
import { whenSignedInAgain } from "./connection.js";
import { checking } from "./definition_check.js";
import { dagPlans } from "./dag_plans.js";
import { droppable, filePicker } from "./definition_file.js";
import { textEditor } from "./editor.js";
import { faultList } from "./fault_list.js";
import { isJson } from "./cursor_place.js";
import { writtenGraph } from "./written_graph.js";

const PATH = "/rest_api/api/dags";

// base: of which deployment the draft began, empty if of none: { dagId, revision, versionNumber }.
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
  const example = spec.paths[PATH].post.requestBody.content["application/json"].example;
  const status = h("p", { class: "editor-status", role: "status" });
  const faults = faultList("definition-faults", (fault) => editor.select(fault));
  const graph = writtenGraph();
  const plans = dagPlans(base);
  const checks = checking(() => editor.text, show);
  const editor = await textEditor({ labelId: "definition-label", faultsId: "definition-faults", onchange: changed });

  // What stood below speaks of another text.
  function changed() {
    plans.clear();
    fill(status, "Checking…");
    checks.soon();
  }

  function show(result) {
    const found = faultsOf(result);
    faults.show(found);
    editor.mark(found);
    graph.show(result.dags);
    fill(status, isJson(editor.text) ? "JSON" : "YAML", ": ", result.isUnanswered ? "not checked" : summary(result, found));
  }

  // Whatever is done is done with what the server says of the text as it is now.
  async function whole(act) {
    const result = await checks.now();
    if (!result) return;
    const found = faultsOf(result);
    if (found.length && (result.dags.length < 2 || result.isUnanswered)) {
      const first = found.find(({ line }) => line);
      if (first) editor.select(first);
      plans.say(notice("bad", h("strong", {}, "Nothing was deployed. "), inline(found[0].detail), found.length > 1 && ` And ${found.length - 1} more, above.`));
    } else {
      await act(result.dags);
    }
  }

  async function load(text) {
    editor.text = text;
    const result = await checks.now();
    if (result?.dags.length > 1) await plans.look(result.dags);
  }

  const forget = whenSignedInAgain(checks.now);
  editor.text = draft ?? `${JSON.stringify(example, null, 2)}\n`;
  const written = h(
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
    h("div", { class: "written" }, droppable(written, load), graph.element),
    h(
      "div",
      { class: "actions" },
      button("Deploy", () => whole(plans.deploy), "primary"),
      button("Dry run", () => whole(plans.look)),
    ),
    plans.element,
  );
  return {
    element,
    draft: () => editor.text,
    leave() {
      forget();
      checks.stop();
      editor.destroy();
    },
  };
}

function faultsOf({ faults, dags }) {
  return [...faults, ...dags.flatMap((dag) => dag.faults)].sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}

function summary({ dags }, found) {
  if (found.length) return found.length === 1 ? "1 fault" : `${found.length} faults`;
  const tasks = dags.reduce((sum, dag) => sum + dag.definition.tasks.length, 0);
  const counted = `${tasks} ${tasks === 1 ? "task" : "tasks"}`;
  return dags.length > 1 ? `no faults, ${dags.length} DAGs, ${counted}` : `no faults, ${counted}`;
}
