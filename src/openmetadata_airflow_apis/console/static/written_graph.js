// The graph of what is being written; of a file of several DAGs, one that is chosen.

import { graphOf } from "./dag_graph.js";
import { fill, h } from "./dom.js";
import { graphView } from "./graph.js";

export function writtenGraph() {
  const choice = h("select", { "aria-label": "DAG whose graph is shown", onchange: draw });
  const place = h("div", {});
  const hint = h("p", { class: "muted graph-hint" });
  const element = h("div", { class: "graph-side" }, h("div", { class: "editor-label" }, "What it makes"), choice, place, hint);
  choice.hidden = true;
  let known = [];
  let drawn = "";

  // Where the text has faults the last graph stays, and says so.
  function show(dags) {
    const whole = dags.filter(({ definition }) => definition);
    fill(hint, whole.length < Math.max(1, dags.length) && (drawn || whole.length ? "Of what has faults there is no graph; the last one stays." : "The graph is drawn once there are no faults."));
    if (!whole.length) return;
    const chosen = choice.value;
    known = whole;
    fill(choice, whole.map(({ dag_id: dagId }) => h("option", {}, dagId)));
    if (whole.some(({ dag_id: dagId }) => dagId === chosen)) choice.value = chosen;
    choice.hidden = dags.length < 2;
    draw();
  }

  function draw() {
    const dag = known.find(({ dag_id: dagId }) => dagId === choice.value);
    const { tasks, task_groups: groups } = dag.definition;
    const content = JSON.stringify([dag.dag_id, tasks, groups]);
    if (content === drawn) return;
    drawn = content;
    fill(place, graphView(dag.dag_id, graphOf(dag.definition)).element);
  }

  return { element, show };
}
