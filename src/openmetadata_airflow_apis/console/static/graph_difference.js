// The graphs of two versions as one, with what was added, removed and changed, in colours and in words.

import { graphOf } from "./definition_graph.js";
import { h } from "./dom.js";
import { graphView } from "./graph.js";

// before, after: canonical definitions, null for none. changedTasks: the ids of the tasks in both that differ.
export function graphDifference(before, after, changedTasks, label) {
  const [oldGraph, newGraph] = [before, after].map((definition) => (definition ? graphOf(definition) : { groups: new Map(), tasks: new Map(), edges: [] }));
  const edgesByKey = (graph) => new Map(graph.edges.map((edge) => [JSON.stringify(edge), edge]));
  const [oldEdges, newEdges] = [edgesByKey(oldGraph), edgesByKey(newGraph)];
  const graph = {
    groups: new Map([...oldGraph.groups, ...newGraph.groups]),
    tasks: new Map([...newGraph.tasks, ...[...oldGraph.tasks].filter(([id]) => !newGraph.tasks.has(id))]),
    edges: [...new Map([...oldEdges, ...newEdges]).values()],
  };
  const marks = {
    tasks: new Map([...graph.tasks.keys()].map((id) => [id, mark(oldGraph.tasks.has(id), newGraph.tasks.has(id)) ?? (changedTasks.has(id) ? "changed" : undefined)])),
    edges: new Map([...oldEdges.keys(), ...newEdges.keys()].map((edge) => [edge, mark(oldEdges.has(edge), newEdges.has(edge))])),
  };
  const legend = ["added", "removed", "changed"].map((name) => h("span", { class: `difference-key ${name}` }, name));
  return [h("p", { class: "legend" }, legend), graphView(label, graph, { marks }).element];
}

function mark(isInOld, isInNew) {
  if (isInOld === isInNew) return undefined;
  return isInNew ? "added" : "removed";
}
