// The graphs of two versions as one: what came, what went and what changed, in colours and in words.

import { graphOf } from "./dag_graph.js";
import { h } from "./dom.js";
import { graphView } from "./graph.js";

// before, after: canonical definitions, null for none. changedTasks: the ids of tasks that are in both and differ.
export function graphDifference(before, after, changedTasks, label) {
  const [old, now] = [before, after].map((definition) => (definition ? graphOf(definition) : { groups: new Map(), tasks: new Map(), edges: [] }));
  const names = (graph) => new Map(graph.edges.map((edge) => [JSON.stringify(edge), edge]));
  const [oldEdges, nowEdges] = [names(old), names(now)];
  const graph = {
    groups: new Map([...old.groups, ...now.groups]),
    tasks: new Map([...now.tasks, ...[...old.tasks].filter(([id]) => !now.tasks.has(id))]),
    edges: [...new Map([...oldEdges, ...nowEdges]).values()],
  };
  const marks = {
    tasks: new Map([...graph.tasks.keys()].map((id) => [id, mark(old.tasks.has(id), now.tasks.has(id)) ?? (changedTasks.has(id) ? "changed" : undefined)])),
    edges: new Map([...oldEdges.keys(), ...nowEdges.keys()].map((edge) => [edge, mark(oldEdges.has(edge), nowEdges.has(edge))])),
  };
  const key = ["added", "removed", "changed"].map((name) => h("span", { class: `difference-key ${name}` }, name));
  return [h("p", { class: "legend" }, key), graphView(label, graph, { marks }).element];
}

function mark(isInOld, isInNew) {
  if (isInOld === isInNew) return undefined;
  return isInNew ? "added" : "removed";
}
