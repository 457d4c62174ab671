// The latest runs of a DAG by tasks: each cell has the colour of a task's state in a run, and links to it.

import { barOf } from "./dag_cells.js";
import { ancestors } from "./definition_graph.js";
import { fill, h, notice, state } from "./dom.js";
import { foldedAtFirst } from "./graph.js";
import { runLink, taskLink } from "./links.js";
import { inWords, isUnderWay, nameOfState, readSummaries, together } from "./task_states.js";

const CELLS = 4000; // drawn at most, but at least five runs

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Answers { element, renew }. renew(runs) takes the runs that list_dag_runs answers, and reads the tasks of those that are
// new or unfinished. graph: of definition_graph.js, null if there is none. most: how many runs to show; a DAG with many tasks
// shows fewer (CELLS).
export function gridView(dagId, graph, most) {
  const { groups, tasks } = graph ?? { groups: new Map(), tasks: new Map() };
  const columns = Math.max(5, Math.min(most, Math.floor(CELLS / Math.max(1, tasks.size))));
  const closed = foldedAtFirst({ groups, tasks });
  const element = h("div", { class: "grid-view" });
  const cells = new Map(); // [run_id, row's id] as JSON → the link that shows the state
  let runs = [];
  let rows = [];
  let problem = false;
  let asking = false;

  async function renew(listed) {
    if (asking) return;
    asking = true;
    const runsById = new Map(runs.map((run) => [run.run_id, run]));
    const outdatedRuns = listed.slice(0, columns).filter((run) => isUnderWay(run) || isUnderWay(runsById.get(run.run_id)) || runsById.get(run.run_id)?.state !== run.state);
    const isFirst = !runsById.size;
    const summaries = isFirst || outdatedRuns.length ? await readSummaries(dagId, isFirst ? { limit: columns } : { runIds: outdatedRuns.map(({ run_id: id }) => id) }) : [];
    asking = false;
    if (Boolean(summaries) === problem) {
      problem = !summaries;
      if (problem) element.prepend(notice("bad", "What follows could not be renewed: the webserver has not answered. It is asked again."));
      else element.querySelector(".notice")?.remove();
    }
    if (!summaries) return;
    const shapeBefore = shape();
    for (const run of summaries) runsById.set(run.run_id, run);
    const places = new Map(listed.map((run, index) => [run.run_id, index]));
    runs = [...runsById.values()].filter(({ run_id: id }) => isFirst || places.has(id));
    if (!isFirst) runs.sort((run, otherRun) => places.get(run.run_id) - places.get(otherRun.run_id));
    runs = runs.slice(0, columns);
    const taskIds = new Set(runs.flatMap((run) => [...run.tasks.keys()]));
    rows = rowsOf({ groups, tasks }, [...taskIds].filter((id) => !tasks.has(id)).sort());
    if (shapeBefore !== shape() || isFirst) {
      draw();
      return;
    }
    for (const run of runs) paint(run);
    element.querySelector(".legend")?.replaceWith(legend());
  }

  const shape = () => JSON.stringify([runs.map((run) => [run.run_id, run.state]), rows.map(({ id }) => id)]);

  // The focus stays on the cell, the run or the group that has it.
  function draw() {
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const focusedCell = [...cells].find(([, link]) => link === focused)?.[0];
    cells.clear();
    if (!runs.length) {
      fill(element, h("p", { class: "muted" }, "It has not run yet."));
      return;
    }
    const shown = rows.filter(({ around }) => !around.some((id) => closed.has(id)));
    const ordered = [...runs].reverse();
    const oldScroller = element.querySelector(".scroll");
    const scrolledTo = oldScroller && [oldScroller.scrollLeft, oldScroller.scrollTop];
    const table = h(
      "table",
      { class: "grid", role: "grid", "aria-label": `Runs and tasks of ${dagId}`, onkeydown: move, onfocusin: ({ target }) => makeTabStop(target) },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Task"), ordered.map((run) => h("th", { scope: "col" }, head(run))))),
      h("tbody", {}, shown.map((row) => h("tr", {}, name(row), ordered.map((run) => h("td", {}, cell(run, row)))))),
    );
    const scroller = h("div", { class: "scroll" }, table);
    fill(element, scroller, legend());
    for (const run of runs) paint(run);
    makeTabStop(table.querySelector("tbody a") ?? table.querySelector("thead a"));
    // People come for the latest run, which is at the right.
    scroller.scrollLeft = scrolledTo ? scrolledTo[0] : scroller.scrollWidth;
    scroller.scrollTop = scrolledTo ? scrolledTo[1] : 0;
    const isSame = (node) => node.dataset.group === focused.dataset.group && node.getAttribute("href") === focused.getAttribute("href");
    const again = focusedCell ? cells.get(focusedCell) : focused && [...table.querySelectorAll("thead a, [data-group]")].find(isSame);
    again?.focus({ preventScroll: true });
  }

  function head(run) {
    return barOf(run, Math.max(...runs.map(({ start_date: from, end_date: to }) => (from && to ? Date.parse(to) - Date.parse(from) : 0))) / 1000, runLink({ dag_id: dagId, run_id: run.run_id }));
  }

  function name(row) {
    const indented = h("th", { scope: "row", class: "grid-task", title: row.id });
    indented.style.paddingLeft = `${6 + row.depth * 14}px`;
    if (!row.isGroup) indented.append(row.label);
    else indented.append(h("button", { type: "button", class: "button link", "aria-expanded": String(!closed.has(row.id)), "data-group": row.id, onclick: () => fold(row.id), tabindex: "-1" }, `${closed.has(row.id) ? "▸" : "▾"} ${row.label}`));
    return indented;
  }

  function fold(id) {
    if (!closed.delete(id)) closed.add(id);
    draw();
  }

  function cell(run, row) {
    const address = row.isGroup ? runLink({ dag_id: dagId, run_id: run.run_id }) : taskLink({ dag_id: dagId, run_id: run.run_id, task_id: row.id });
    const link = h("a", { class: row.isGroup ? "grid-cell of-group" : "grid-cell", href: address, tabindex: "-1" });
    cells.set(JSON.stringify([run.run_id, row.id]), link);
    return link;
  }

  function paint(run) {
    for (const row of rows) {
      const link = cells.get(JSON.stringify([run.run_id, row.id]));
      if (!link) continue;
      const summary = together(row.members.flatMap((id) => (run.tasks.has(id) ? [run.tasks.get(id).counts] : [])));
      const words = `${row.id} in ${run.run_id}: ${summary ? inWords(summary) : "not in this run"}`;
      if (link.title === words) continue;
      link.hidden = !summary;
      link.dataset.state = summary?.state ?? "none";
      link.title = words;
      link.setAttribute("aria-label", words);
    }
  }

  function legend() {
    const names = new Set(runs.flatMap((run) => [...run.tasks.values()].flatMap(({ counts }) => [...counts.keys()])));
    return h("p", { class: "legend" }, [...names].map((stateName) => [state(stateName, nameOfState(stateName)), " "]));
  }

  // The Tab key reaches one cell of the table, `target`; the arrow keys go on from it.
  function makeTabStop(target) {
    const link = target?.closest("a, button");
    if (!link) return;
    for (const cell of element.querySelectorAll("[tabindex='0']")) cell.tabIndex = -1;
    link.tabIndex = 0;
  }

  function move(event) {
    const step = MOVES[event.key];
    const from = event.target.closest("td, th");
    if (!step || !from) return;
    event.preventDefault();
    const table = from.closest("table");
    let [row, column] = [from.parentElement.rowIndex, from.cellIndex];
    for (;;) {
      row += step[0];
      column += step[1];
      const next = table.rows[row]?.cells[column];
      if (!next) return;
      const link = next.querySelector("a:not([hidden]), button");
      if (link) {
        link.focus();
        return;
      }
    }
  }

  return { element, renew };
}

// The tasks as rows { id, label, depth, isGroup, members, around }, in the order of the graph; each task group has a row
// before its tasks. members: the ids of the tasks in it. around: the ids of the groups that it is in. extra: the ids of
// tasks that runs have and the graph no longer has.
function rowsOf({ groups, tasks }, extra = []) {
  const top = { children: [] };
  const groupRows = new Map();
  const rowOfGroup = (id) => {
    if (!id) return top;
    if (!groupRows.has(id)) {
      const row = { ...groups.get(id), isGroup: true, members: [], around: ancestors(groups.get(id), groups), children: [] };
      groupRows.set(id, row);
      rowOfGroup(row.group).children.push(row);
    }
    return groupRows.get(id);
  };
  for (const task of tasks.values()) {
    const around = ancestors(task, groups);
    rowOfGroup(task.group).children.push({ ...task, members: [task.id], around, children: [] });
    for (const id of around) groupRows.get(id).members.push(task.id);
  }
  for (const id of extra) top.children.push({ id, label: id, members: [id], around: [], children: [] });
  const flat = (row, depth) => row.children.flatMap(({ children, ...own }) => [{ ...own, depth }, ...flat({ children }, depth + 1)]);
  return flat(top, 0);
}
