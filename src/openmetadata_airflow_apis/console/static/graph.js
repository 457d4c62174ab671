// A DAG's graph from left to right, with task groups that fold, in the colours of a run; and a table that says the same.

import { folded } from "./dag_graph.js";
import { button, fill, h, refill, state, table } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 42;
const HEAD = 12; // above a group's tasks, for its name
const LETTER = 7.2;
const LONGEST = 30;
const UNFOLDED = 60; // of a DAG with more tasks, the groups begin folded
// Of a folded group, or a mapped task, the state that asks most for somebody's eyes is shown.
const RANK = [
  "failed", "upstream_failed", "up_for_retry", "running", "restarting", "deferred", "up_for_reschedule", "queued", "scheduled", null,
  "skipped", "success", "removed",
];

// Answers { element, colour }: colour(instances, isWhole) takes the task instances of a run, or null for none.
export function graphView(dagId, graph) {
  const closed = new Set(graph.tasks.size > UNFOLDED ? graph.groups.keys() : []);
  const drawing = h("div", { class: "graph", tabindex: "0", role: "region", "aria-label": `Graph of ${dagId}` });
  const rows = h("div", {});
  const hint = h("p", { class: "muted hint" });
  const shapes = new Map(); // id of what is drawn → { node, shape, note }
  let states = null;
  let layout = null;

  async function draw(focus) {
    layout ??= await import("./libraries/dagre.esm.js");
    const shown = folded(graph, closed);
    const svg = place(shown);
    const { scrollLeft, scrollTop } = drawing;
    fill(drawing, svg);
    Object.assign(drawing, { scrollLeft, scrollTop });
    paint();
    if (focus) [...svg.querySelectorAll("[data-group]")].find((element) => element.dataset.group === focus)?.focus();
  }

  function place({ nodes, open, edges }) {
    const laid = new layout.Graph({ compound: true });
    laid.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 46, marginx: 12, marginy: 24 });
    laid.setDefaultEdgeLabel(() => ({}));
    for (const group of open) laid.setNode(group.id, { label: group.label });
    for (const node of nodes) laid.setNode(node.id, { width: widthOf(node), height: HEIGHT });
    for (const item of [...open, ...nodes]) if (item.group) laid.setParent(item.id, item.group);
    for (const [from, to] of edges) laid.setEdge(from, to);
    layout.layout(laid);
    const { width, height } = laid.graph();
    shapes.clear();
    return svg(
      "svg",
      { width: Math.ceil(width), height: Math.ceil(height), viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`, role: "group", "aria-label": "Tasks, by what comes before" },
      svg("defs", {}, svg("marker", { id: "console-arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 L8 4 L0 8 z", class: "arrow" }))),
      open.filter(({ id }) => laid.children(id)?.length).map((group) => box(group, laid.node(group.id))),
      laid.edges().map((edge) => svg("path", { class: "edge", d: line(laid.edge(edge).points), "marker-end": "url(#console-arrow)" })),
      nodes.map((node) => shape(node, laid.node(node.id))),
    );
  }

  function box(group, { x, y, width, height }) {
    return svg(
      "g",
      { transform: `translate(${x - width / 2} ${y - height / 2 - HEAD})` },
      svg("rect", { class: "group-box", width, height: height + HEAD, rx: 6 }),
      toggle(group, false, svg("text", { x: 8, y: 15 }, `▾ ${short(group.label)}`)),
    );
  }

  function toggle(group, isClosed, ...children) {
    const turn = () => {
      if (isClosed) closed.delete(group.id);
      else closed.add(group.id);
      return draw(group.id);
    };
    const element = svg(
      "g",
      { class: "fold", role: "button", tabindex: 0, "aria-expanded": String(!isClosed), "aria-label": `Task group ${group.id}`, "data-group": group.id },
      ...children,
    );
    element.addEventListener("click", turn);
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      turn();
    });
    return element;
  }

  function shape(node, { x, y, width, height }) {
    const note = svg("text", { class: "note", x: 12, y: 33 });
    const parts = [
      svg("rect", { class: "node-box", width, height, rx: 4 }),
      svg("rect", { class: "node-state", width: 5, height, rx: 2 }),
      svg("text", { x: 12, y: 17 }, (node.isGroup ? "▸ " : "") + short(node.label)),
      note,
      svg("title", {}, node.id),
    ];
    const attributes = { class: "node", transform: `translate(${x - width / 2} ${y - height / 2})` };
    const element = svg("g", { ...attributes, ...(node.isGroup ? {} : { role: "img" }) }, ...(node.isGroup ? [toggle(node, true, ...parts)] : parts));
    shapes.set(node.id, { node, element, note });
    return element;
  }

  function paint() {
    for (const { node, element, note } of shapes.values()) {
      const found = states && stateOf(node.members);
      if (found) element.dataset.state = found.state ?? "none";
      else delete element.dataset.state;
      note.textContent = noteOf(node, found);
      if (!node.isGroup) element.setAttribute("aria-label", [node.id, found && (found.state ?? "no status"), note.textContent].filter(Boolean).join(", "));
    }
    refill(rows, asTable());
  }

  // The state of some tasks together, and how many task instances are in which.
  function stateOf(taskIds) {
    const counts = new Map();
    for (const taskId of taskIds) for (const [name, count] of states.get(taskId) || []) counts.set(name, (counts.get(name) || 0) + count);
    if (!counts.size) return null;
    return { state: RANK.find((name) => counts.has(name)) ?? null, counts, total: [...counts.values()].reduce((sum, count) => sum + count, 0) };
  }

  function noteOf(node, found) {
    const done = found && found.total > 1 && [...found.counts].map(([name, count]) => `${count} ${name ?? "no status"}`).join(", ");
    if (node.isGroup) return short(done || `${node.members.length} tasks`);
    const rule = node.rule !== "all_success" && node.rule;
    return short([node.mapped ? done || "mapped" : node.operator, rule].filter(Boolean).join(", "));
  }

  function asTable() {
    const before = new Map([...graph.tasks.keys()].map((id) => [id, []]));
    for (const [from, to] of graph.edges) before.get(to).push(from);
    const columns = ["Task", "Comes after", "Operator", "Trigger rule", ...(states ? ["State"] : [])];
    const cells = [...graph.tasks.values()].map((task) => {
      const found = states && stateOf([task.id]);
      const counted = found && [...found.counts].map(([name, count]) => [" ", state(name), found.total > 1 && ` ${count}`]);
      return [task.id, before.get(task.id).join(", ") || "–", [task.operator, task.mapped && ", mapped"], task.rule, ...(states ? [counted || "–"] : [])];
    });
    return table(`Tasks of ${dagId}`, columns, cells, { empty: "It has no tasks." });
  }

  function colour(instances, isWhole) {
    states = instances && new Map();
    for (const { task_id: taskId, state: name } of instances || []) {
      if (!states.has(taskId)) states.set(taskId, new Map());
      const counts = states.get(taskId);
      counts.set(name, (counts.get(name) || 0) + 1);
    }
    fill(hint, instances && !isWhole && "In the colours of the task instances that are listed below; others have none.");
    paint();
  }

  const fold = (isFolded) => () => {
    closed.clear();
    if (isFolded) for (const id of graph.groups.keys()) closed.add(id);
    return draw();
  };
  const buttons = graph.groups.size > 0 && h("div", { class: "actions" }, button("Fold all groups", fold(true)), button("Unfold all groups", fold(false)));
  const element = h(
    "div",
    {},
    buttons,
    drawing,
    hint,
    h("details", { "data-key": "graph as a table" }, h("summary", {}, "The same as a table"), rows),
  );
  draw();
  return { element, colour };
}

function widthOf(node) {
  return Math.max(96, 30 + LETTER * Math.max(short(node.label).length, node.isGroup ? 12 : Math.min(LONGEST, node.operator.length + (node.rule === "all_success" ? 0 : node.rule.length + 2))));
}

function short(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function line([first, ...rest]) {
  return `M${first.x} ${first.y} ${rest.map(({ x, y }) => `L${x} ${y}`).join(" ")}`;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.flat(Infinity));
  return element;
}
