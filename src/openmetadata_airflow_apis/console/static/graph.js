// Draws a DAG's graph. Task groups fold, and begin folded in a large DAG; colours show a run or a difference, tasks can be
// chosen, and a table below has the same content.

import { ancestors } from "./definition_graph.js";
import { button, fill, fillIfChanged, h, notice, state, table } from "./dom.js";
import { inWords, nameOfState, together } from "./task_states.js";

const UNFOLDED = 60; // in a DAG with more tasks, the groups are folded at first
const HEIGHT = 42;
const HEAD = 12; // above a group's tasks, for its name
const LETTER = 7.2;
const NOTE_LETTER = 6.4; // width of a letter in the smaller line below a node's name
const COUNTED = 18; // letters for which a node of several task instances has room, for its numbers by state
const LONGEST = 30;
const SVG = "http://www.w3.org/2000/svg";

// Answers { element, colour, choose }. colour(tasks) takes the tasks of a run as task_states.js answers them, null for
// no run. choose(ids) chooses tasks; chosen(ids) is called with the set of chosen ids, and without it none can be chosen.
// folds: a map from groups to whether their reader has folded or unfolded them, which is kept up here, so that a newer
// graph can go on with it. marks: a difference as { tasks, edges }, maps to "added", "removed" or "changed" by task_id, and by edge as JSON.
export function graphView(label, graph, { chosen = null, folds = new Map(), marks = null } = {}) {
  const closed = foldedAtFirst(graph);
  for (const [id, isFolded] of folds) fold(id, isFolded);
  const drawing = h("div", { class: "graph", tabindex: "0", role: "region", "aria-label": `Graph of ${label}` });
  const rows = h("div", {});
  const arrowId = `console-arrow-${marks ? "marks" : "run"}`;
  const shapes = new Map(); // id of a node or an unfolded group → { node, element, note, title, width, y }
  const chosenIds = new Set();
  let states = null;
  let drawings = 0;

  async function draw(focus) {
    drawings += 1;
    const thisDrawing = drawings;
    const foldedGraph = folded(graph, closed);
    const nodes = foldedGraph.nodes.map(({ id, group, ...node }) => ({ id, group, width: widthOf(node), height: HEIGHT }));
    const groups = foldedGraph.open.map(({ id, group }) => ({ id, group }));
    if (!drawing.hasChildNodes()) fill(drawing, h("p", { class: "muted" }, "The graph is being laid out…"));
    let layout;
    try {
      layout = await layOut({ nodes, groups, edges: foldedGraph.edges });
    } catch (error) {
      fill(drawing, notice("bad", `${error.message} The table below says the same.`));
      return;
    }
    if (thisDrawing !== drawings) return; // a group was folded or unfolded meanwhile
    const picture = place(foldedGraph, layout);
    const { scrollLeft } = drawing;
    fill(drawing, picture);
    drawing.scrollLeft = scrollLeft;
    // A graph that is higher than its window is scrolled to the focused node, or to the first one.
    drawing.scrollTop = Math.max(0, (shapes.get(focus)?.y ?? firstOf(layout).y) - drawing.clientHeight / 2);
    paint();
    if (focus) [...picture.querySelectorAll("[data-group]")].find((element) => element.dataset.group === focus)?.focus();
  }

  function place({ nodes, open, edges }, layout) {
    shapes.clear();
    const { width, height } = layout;
    return svg(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Tasks, by what comes before" },
      arrow(arrowId),
      open.filter(({ id }) => layout.groups.has(id)).map((group) => box(group, layout.groups.get(group.id))),
      layout.edges.map(({ from, to, points }) => svg("path", { class: `edge ${marks?.edges.get(JSON.stringify([from, to])) ?? ""}`, d: line(points), "marker-end": `url(#${arrowId})` })),
      nodes.map((node) => shape(node, layout.nodes.get(node.id), edges)),
    );
  }

  function box(group, { x, y, width, height }) {
    shapes.set(group.id, { y });
    return svg(
      "g",
      { transform: `translate(${x - width / 2} ${y - height / 2 - HEAD})` },
      svg("rect", { class: "group-box", width, height: height + HEAD, rx: 6 }),
      toggle(group, false, svg("text", { x: 8, y: 15 }, `▾ ${short(group.label)}`)),
    );
  }

  function toggle(group, isClosed, ...children) {
    const toggleGroup = () => {
      fold(group.id, !isClosed);
      return draw(group.id);
    };
    const attributes = { class: "fold", role: "button", tabindex: 0, "aria-expanded": String(!isClosed), "aria-label": `Task group ${group.id}`, "data-group": group.id };
    return pressable(svg("g", attributes, ...children), toggleGroup);
  }

  function shape(node, { x, y, width, height }, edges) {
    const note = svg("text", { class: "note", x: 12, y: 33 });
    const title = svg("title", {});
    const parts = [
      svg("rect", { class: "node-box", width, height, rx: 4 }),
      svg("rect", { class: "node-state", width: 5, height, rx: 2 }),
      svg("text", { x: 12, y: 17 }, (node.isGroup ? "▸ " : "") + short(node.label)),
      note,
      title,
    ];
    const memberMarks = [...new Set(node.members.map((id) => marks?.tasks.get(id)).filter(Boolean))];
    const mark = memberMarks.length > 1 ? "changed" : memberMarks[0];
    const attributes = { class: "node", transform: `translate(${x - width / 2} ${y - height / 2})`, "data-mark": mark };
    let element;
    if (node.isGroup) element = svg("g", attributes, toggle(node, true, ...parts));
    else if (!chosen) element = svg("g", { ...attributes, role: "img" }, parts);
    else element = choosable(svg("g", { ...attributes, role: "checkbox", tabindex: shapes.size ? -1 : 0, "data-task": node.id }, parts), node, edges);
    shapes.set(node.id, { node, element, note, title, width, y });
    return element;
  }

  // Left and right go along the edges, up and down through the tasks in their order; Space and Enter choose.
  function choosable(element, node, edges) {
    element.addEventListener("keydown", (event) => {
      const tasks = [...shapes.values()].filter((drawnShape) => drawnShape.node && !drawnShape.node.isGroup).map((drawnShape) => drawnShape.node.id);
      const next = {
        ArrowRight: () => edges.find(([from]) => from === node.id)?.[1],
        ArrowLeft: () => edges.find(([, to]) => to === node.id)?.[0],
        ArrowDown: () => tasks[tasks.indexOf(node.id) + 1],
        ArrowUp: () => tasks[tasks.indexOf(node.id) - 1],
      }[event.key];
      if (!next) return;
      event.preventDefault();
      const target = shapes.get(next())?.element;
      (target?.querySelector(".fold") ?? target)?.focus();
    });
    element.addEventListener("focus", () => {
      for (const reachable of drawing.querySelectorAll("[data-task][tabindex='0']")) reachable.setAttribute("tabindex", -1);
      element.setAttribute("tabindex", 0);
    });
    return pressable(element, () => {
      if (!chosenIds.delete(node.id)) chosenIds.add(node.id);
      paint();
      chosen(chosenIds);
    });
  }

  function paint() {
    let first = true;
    for (const { node, element, note, title, width } of shapes.values()) {
      if (!node) continue;
      const summary = stateOf(node.members);
      if (summary) element.dataset.state = summary.state ?? "none";
      else delete element.dataset.state;
      const words = noteOf(node, summary);
      note.textContent = short(words, Math.floor((width - 18) / NOTE_LETTER));
      title.textContent = note.textContent === words ? node.id : `${node.id}: ${words}`;
      element.classList.toggle("chosen", node.members.some((id) => chosenIds.has(id)));
      if (node.isGroup) continue;
      const name = [node.id, summary && nameOfState(summary.state), marks?.tasks.get(node.id), words];
      element.setAttribute("aria-label", name.filter(Boolean).join(", "));
      if (chosen) element.setAttribute("aria-checked", String(chosenIds.has(node.id)));
      if (chosen && first && !drawing.querySelector("[data-task][tabindex='0']")) element.setAttribute("tabindex", 0);
      first = false;
    }
    fillIfChanged(rows, asTable());
  }

  function stateOf(taskIds) {
    return states && together(taskIds.flatMap((id) => (states.has(id) ? [states.get(id).counts] : [])));
  }

  function noteOf(node, summary) {
    const stateWords = summary && summary.total > 1 && inWords(summary);
    if (node.isGroup) return stateWords || `${node.members.length} tasks`;
    const rule = node.rule !== "all_success" && node.rule;
    return [node.mapped ? stateWords || "mapped" : node.operator, rule].filter(Boolean).join(", ");
  }

  function asTable() {
    const upstreamIds = new Map([...graph.tasks.keys()].map((id) => [id, []]));
    for (const [from, to] of graph.edges) upstreamIds.get(to).push(from);
    const columns = ["Task", "Comes after", "Operator", "Trigger rule", ...(states ? ["State"] : []), ...(marks ? ["Change"] : [])];
    const cells = [...graph.tasks.values()].map((task) => {
      const summary = stateOf([task.id]);
      const stateCells = summary && [...summary.counts].map(([name, count]) => [" ", state(name), summary.total > 1 && ` ${count}`]);
      const moreCells = [...(states ? [stateCells || "–"] : []), ...(marks ? [marks.tasks.get(task.id) ?? "–"] : [])];
      return [task.id, upstreamIds.get(task.id).join(", ") || "–", [task.operator, task.mapped && ", mapped"], task.rule, ...moreCells];
    });
    return table(`Tasks of ${label}`, columns, cells, { empty: "It has no tasks." });
  }

  function colour(tasks) {
    states = tasks;
    paint();
  }

  function choose(ids) {
    chosenIds.clear();
    for (const id of ids) if (graph.tasks.has(id)) chosenIds.add(id);
    paint();
    chosen(chosenIds);
  }

  function fold(id, isFolded) {
    folds.set(id, isFolded);
    if (isFolded) closed.add(id);
    else closed.delete(id);
  }

  const foldAll = (isFolded) => () => {
    for (const id of graph.groups.keys()) fold(id, isFolded);
    return draw();
  };
  const buttons = graph.groups.size > 0 && h("div", { class: "actions" }, button("Fold all groups", foldAll(true)), button("Unfold all groups", foldAll(false)));
  const element = h(
    "div",
    {},
    buttons,
    drawing,
    h("details", { "data-key": "graph as a table" }, h("summary", {}, "The same as a table"), rows),
  );
  draw();
  return { element, colour, choose };
}

function pressable(element, press) {
  element.addEventListener("click", press);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    press();
  });
  return element;
}

function firstOf({ nodes }) {
  return [...nodes.values()].reduce((first, place) => (place.x < first.x ? place : first), { x: Infinity, y: 0 });
}

function widthOf(node) {
  const note = node.isGroup || node.mapped ? COUNTED : Math.min(LONGEST, node.operator.length + (node.rule === "all_success" ? 0 : node.rule.length + 2));
  return Math.max(96, 30 + LETTER * Math.max(short(node.label).length, note));
}

function short(text, longest = LONGEST) {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

// The ids of the groups that a drawing or a grid of the graph begins with folded.
export function foldedAtFirst({ groups, tasks }) {
  return new Set(tasks.size > UNFOLDED ? groups.keys() : []);
}

// The graph as it is drawn: { nodes, open, edges }. A group in `closed` is drawn as one node; open: the other groups.
function folded({ groups, tasks, edges }, closed) {
  const foldedInto = (item) => ancestors(item, groups).filter((id) => closed.has(id)).at(-1);
  const nodes = new Map();
  for (const task of tasks.values()) {
    const groupId = foldedInto(task);
    if (!groupId) nodes.set(task.id, { ...task, members: [task.id] });
    else if (nodes.has(groupId)) nodes.get(groupId).members.push(task.id);
    else nodes.set(groupId, { ...groups.get(groupId), members: [task.id], isGroup: true });
  }
  const open = [...groups.values()].filter((group) => !closed.has(group.id) && !foldedInto(group));
  const nodeIds = new Map([...nodes.values()].flatMap((node) => node.members.map((id) => [id, node.id])));
  const drawnEdges = new Map();
  for (const [from, to] of edges) {
    const pair = [nodeIds.get(from), nodeIds.get(to)];
    if (pair[0] !== pair[1]) drawnEdges.set(JSON.stringify(pair), pair);
  }
  return { nodes: [...nodes.values()], open, edges: [...drawnEdges.values()] };
}

let worker = null;
let lastId = 0;
const waiting = new Map();

// Resolves to what graph_layout.js answers, in a worker.
function layOut({ nodes, groups, edges }) {
  worker ??= startWorker();
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, nodes, groups, edges });
  });
}

function startWorker() {
  const newWorker = new Worker(new URL("./graph_layout.js", import.meta.url), { type: "module" });
  newWorker.addEventListener("message", ({ data }) => {
    waiting.get(data.id)?.resolve(data);
    waiting.delete(data.id);
  });
  newWorker.addEventListener("error", () => {
    newWorker.terminate();
    worker = null;
    for (const { reject } of waiting.values()) reject(new Error("The graph could not be laid out."));
    waiting.clear();
  });
  return newWorker;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children.flat(Infinity));
  return element;
}

function line([first, ...rest]) {
  return `M${first.x} ${first.y} ${rest.map(({ x, y }) => `L${x} ${y}`).join(" ")}`;
}

function arrow(id) {
  const head = svg("path", { d: "M0 0 L8 4 L0 8 z", class: "arrow" });
  return svg("defs", {}, svg("marker", { id, viewBox: "0 0 8 8", refX: 8, refY: 4, markerUnits: "userSpaceOnUse", markerWidth: 9, markerHeight: 9, orient: "auto" }, head));
}
