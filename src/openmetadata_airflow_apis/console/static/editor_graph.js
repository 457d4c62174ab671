// The graph of the text that is being written; of a text with several DAGs, the graph of the chosen one.

import { graphOf } from "./definition_graph.js";
import { fill, h } from "./dom.js";
import { graphView } from "./graph.js";

export function editorGraph() {
  const choice = h("select", { "aria-label": "DAG whose graph is shown", onchange: draw });
  const place = h("div", {});
  const hint = h("p", { class: "muted graph-hint" });
  const element = h("div", { class: "graph-side" }, h("div", { class: "editor-label" }, "What it makes"), choice, place, hint);
  choice.hidden = true;
  const foldsOfDags = new Map(); // dag_id → the folds of its graph
  let shownDags = [];
  let drawnContent = "";

  // If the text has faults, the last graph stays, and a hint says so.
  function show(dags) {
    const withoutFaults = dags.filter(({ definition }) => definition);
    fill(hint, withoutFaults.length < Math.max(1, dags.length) && (drawnContent || withoutFaults.length ? "Of what has faults there is no graph; the last one stays." : "The graph is drawn once there are no faults."));
    if (!withoutFaults.length) return;
    const chosen = choice.value;
    shownDags = withoutFaults;
    fill(choice, withoutFaults.map(({ dag_id: dagId }) => h("option", {}, dagId)));
    if (withoutFaults.some(({ dag_id: dagId }) => dagId === chosen)) choice.value = chosen;
    choice.hidden = dags.length < 2;
    draw();
  }

  function draw() {
    const dag = shownDags.find(({ dag_id: dagId }) => dagId === choice.value);
    const { tasks, task_groups: groups } = dag.definition;
    const content = JSON.stringify([dag.dag_id, tasks, groups]);
    if (content === drawnContent) return;
    drawnContent = content;
    if (!foldsOfDags.has(dag.dag_id)) foldsOfDags.set(dag.dag_id, new Map());
    fill(place, graphView(dag.dag_id, graphOf(dag.definition), { folds: foldsOfDags.get(dag.dag_id) }).element);
  }

  return { element, show };
}
