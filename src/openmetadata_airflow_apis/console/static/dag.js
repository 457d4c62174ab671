// One deployed DAG: its state, its definition, its runs, and what can be done with them.

import { button, fill, fillIfChanged, h, inline, notice, refill, state, table, time } from "./dom.js";
import { confirmDelete, deleted, deletion, edit, switched, switching, triggered } from "./dag_actions.js";
import { importError, pauseCell, scheduleCell } from "./dag_cells.js";
import { readGraph } from "./definition_graph.js";
import { deploymentState, isSettled, versionOf } from "./deployment_state.js";
import { send, sentence, tellUnreadable } from "./http.js";
import { dagPath, gridLink, historyLink, runLink } from "./links.js";
import { isAwaited, nodesTable, withoutHeartbeats } from "./parsing_nodes.js";
import { partialRun } from "./partial_run.js";
import { permissions } from "./permissions.js";
import { pauseAfter, pauseWhile, polling } from "./polling.js";
import { runPanel } from "./run.js";
import { selectionBar } from "./run_actions.js";
import { isUnderWay } from "./task_states.js";
import { triggerForm } from "./trigger.js";

const RUNS = ["Run", "State", "Started", "Ended"];
const LISTED = 25; // runs in the grid
const ROWS = 10; // runs in the table

// again() makes a new view of the DAG.
export function dagView({ dagId, runId, taskId, again }) {
  const path = dagPath(dagId);
  const title = h("h2", {}, dagId);
  const trouble = h("div", {});
  const runsTrouble = h("div", {});
  const newer = h("div", {});
  const head = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const actions = h("div", {});
  const runs = h("div", {});
  const panel = h("div", {});
  const picture = h("div", {});
  const overview = h("div", {});
  const order = new Map(); // task_id → its place in the graph
  let may = null;
  let begun = false;
  let isDrawn = false;
  let dag = null;
  let begunWith = null; // the DAG that the graph and the forms show
  let graphDrawing = null;
  let grid = null;
  let isGridOfGraph = false;
  let listedRuns = [];
  let observedTasks = null;
  let partialForm = null;
  let isLeft = false;
  let isGone = false; // deleted by somebody else
  let shownNewer = false;
  let shownHead = "";
  let shownRuns = "";
  let run = null;
  const poll = polling(load);

  // Called once the DAG is read and it is known what its reader may do.
  function begin() {
    begunWith = dag;
    fill(actions, forms(dag));
    if (runId) {
      const choose = (ids) => (graphDrawing ? graphDrawing.choose(ids) : run.pick(ids));
      run = runPanel({ dagId, runId, taskId, may, order, picture, changed: poll.now, observe, runOnly, choose });
      fill(panel, run.element);
      if (taskId) picture.scrollIntoView();
    }
  }

  // Called once the version has a number, which it gets a moment after the deploy.
  async function drawVersion() {
    isDrawn = true;
    let graph = null;
    let isRead = true;
    try {
      if (may.includes("get_dag_version")) graph = await readGraph(dagId, dag.version_number);
    } catch {
      isRead = false;
    }
    if (isLeft) return;
    // A grid that came without the graph, and so without its groups and its order, is laid again with it.
    const layGrid = !runId && may.includes("list_task_summaries") && (!grid || (graph && !isGridOfGraph));
    try {
      await Promise.all([graph && !graphDrawing && draw(graph), layGrid && lay(graph)]);
    } catch {
      isRead = false;
    }
    isDrawn = isRead; // else the next load tries again
  }

  async function lay(graph) {
    const { gridView } = await import("./grid.js");
    if (isLeft) return;
    grid = gridView(dagId, graph, LISTED);
    isGridOfGraph = graph !== null;
    fill(overview, h("h3", {}, "Grid"), grid.element);
    await grid.renew(listedRuns);
  }

  // The graph is drawn when its code has loaded; nothing else waits for that.
  async function draw(graph) {
    const { graphView } = await import("./graph.js");
    if (isLeft) return;
    [...graph.tasks.keys()].forEach((id, index) => order.set(id, index));
    const bar = !run && may.includes("run_task_instance") && selectionBar({ may, runOnly, choose: (ids) => graphDrawing.choose(ids) });
    const chosen = run ? (ids) => run.pick(ids) : bar && ((ids) => bar.show(ids));
    graphDrawing = graphView(dagId, graph, { chosen: chosen || null });
    if (bar) bar.show([]);
    fill(picture, h("h3", {}, "Graph"), graphDrawing.element, bar && bar.element);
    if (observedTasks) graphDrawing.colour(observedTasks);
    // A task that the graph no longer has can be looked at in an older run, but not chosen here.
    const drawnIds = [...(run?.picked() ?? [])].filter((id) => graph.tasks.has(id));
    if (drawnIds.length) graphDrawing.choose(drawnIds);
    run?.reorder();
  }

  function observe(tasks) {
    observedTasks = tasks;
    graphDrawing?.colour(tasks);
  }

  function runOnly(ids) {
    if (!isGone) {
      partialForm?.choose(ids);
      return;
    }
    fill(outcome, notice("bad", `Nothing was started: ${dagId} is not deployed any more.`));
    outcome.scrollIntoView({ block: "center" });
  }

  async function load(isLatest) {
    const [answer, { dags }] = await Promise.all([send({ method: "GET", path }), permissions([dagId])]);
    if (!isLatest()) return null;
    const mayNow = dags[dagId] ?? may;
    if (begun && JSON.stringify(mayNow) !== JSON.stringify(may)) {
      again(); // somebody else has signed in, for whom the forms are others
      return null;
    }
    may = mayNow;
    if (!answer.ok) {
      fill(runsTrouble); // which may be wrong by now, and all below is said to be older
      if (answer.status === 404 && shownHead) gone();
      else tellUnreadable(trouble, answer, shownHead, answer.status === 404 && unknown());
      return pauseAfter(answer);
    }
    fill(trouble);
    isGone = false;
    actions.hidden = false;
    dag = answer.body;
    const content = JSON.stringify(withoutHeartbeats(dag));
    if (content !== shownHead) {
      shownHead = content;
      fill(title, dag.dag_display_name ?? dagId);
      refill(head, facts(dag, pausing()));
    }
    tellNewer();
    if (may && !begun) {
      begun = true;
      begin();
    }
    if (may && !isDrawn && (dag.version_number || isSettled(dag))) drawVersion();
    const moving = await loadRuns(isLatest);
    return pauseWhile(!may || moving || !isSettled(dag) || isAwaited(dag));
  }

  // For readers who follow an old link to a deleted DAG and may want it back.
  function unknown() {
    return [". If it was deployed here before, ", h("a", { href: historyLink(dagId) }, "its versions"), " stay, and each can be restored."];
  }

  // Somebody has deleted the DAG. It may be deployed again, so this view goes on reading it.
  function gone() {
    isGone = true;
    actions.hidden = true;
    fill(newer);
    shownNewer = false;
    const versions = h("a", { href: historyLink(dagId) }, "Its versions");
    fillIfChanged(trouble, notice("bad", `${dagId} is not deployed any more: somebody has deleted it. What is shown below is older. `, versions, " stay, and each can be restored."));
  }

  // The graph and the forms, which somebody may be using, stay as they are until the reader asks for the newer version.
  function tellNewer() {
    if (begunWith?.revision === dag.revision) begunWith = dag;
    const isOlder = begunWith !== null && begunWith.revision !== dag.revision;
    const message = isOlder && `${dag.deployed_by} has deployed ${versionOf(dag, "another version")} since. The graph and the forms here are of ${versionOf(begunWith, "an earlier one")}. `;
    if (message === shownNewer) return;
    shownNewer = message;
    const changesLink = h("a", { href: historyLink(dagId) }, "What it changed");
    const showButton = button("Show it", again, "", { "data-key": "newer" });
    fill(newer, message && notice("", message, showButton, " ", changesLink));
  }

  async function loadRuns(isLatest) {
    const answer = await send({ method: "GET", path: `${path}/dagRuns`, query: { limit: LISTED } });
    if (!isLatest()) return false;
    if (!answer.ok) {
      tellUnreadable(runsTrouble, answer, shownRuns);
      return listedRuns.some(isUnderWay);
    }
    fill(runsTrouble);
    listedRuns = answer.body.dag_runs;
    await grid?.renew(listedRuns);
    const latestRuns = listedRuns.slice(0, ROWS);
    const content = JSON.stringify(answer.body);
    if (content !== shownRuns) {
      shownRuns = content;
      const rows = latestRuns.map((latestRun) => [
        h("a", { href: runLink(latestRun), "data-key": latestRun.run_id, "aria-current": latestRun.run_id === runId ? "true" : null }, latestRun.run_id),
        state(latestRun.state),
        time(latestRun.start_date),
        time(latestRun.end_date),
      ]);
      refill(runs, h("h3", {}, "Latest runs"), table("Latest runs", RUNS, rows, { empty: "It has not run yet." }));
    }
    return listedRuns.some(isUnderWay);
  }

  async function act(request, messageOf) {
    const answer = await send(request);
    if (isLeft) return answer;
    const newerHint = answer.status === 412 && " Above is what is deployed now.";
    fill(outcome, answer.ok ? notice("good", messageOf(answer.body)) : notice("bad", inline(sentence(answer)), newerHint));
    if ((answer.ok && request.method !== "DELETE") || newerHint) poll.now();
    return answer;
  }

  function forms(dag) {
    partialForm = may.includes("run_task_instance") && partialRun({ path, taskIds: dag.task_ids, start: (request) => act(request, triggered), isLeft: () => isLeft });
    return [
      h(
        "div",
        { class: "actions" },
        may.includes("trigger_dag") && button("Trigger", () => trigger(), "primary"),
        may.includes("deploy_dag") && button("Edit and redeploy", () => edit(dag)),
        may.includes("delete_dag") && button("Delete", remove, "danger"),
        h("a", { class: "button", href: historyLink(dagId) }, "History"),
        h("a", { class: "button", href: gridLink(dagId) }, "Open in Airflow"),
      ),
      may.includes("trigger_dag") && configured(dag.params),
      partialForm && partialForm.element,
    ];
  }

  // The switch, for whoever may turn it; in words for others.
  function pausing() {
    if (dag.is_paused === null) return h("span", { class: "muted" }, "not known yet");
    if (may?.includes("patch_dag")) return pauseCell(dag, may, () => act(switching(dag), switched));
    return dag.is_paused ? "no, paused" : "yes";
  }

  async function trigger(body = "{}") {
    await act({ method: "POST", path: `${path}/dagRuns`, body }, triggered);
  }

  function configured(params) {
    const count = Object.keys(params).length;
    return h(
      "details",
      {},
      h("summary", {}, count ? `Trigger with params (${count})` : "Trigger with a configuration"),
      triggerForm(params, trigger),
    );
  }

  async function remove() {
    const shownDag = dag; // what is read while the question is open was not looked at
    if (!(await confirmDelete(dagId))) return;
    const answer = await act(deletion(shownDag), deleted);
    if (!answer.ok || isLeft) return;
    leave();
    fill(head);
    fill(newer);
    const links = [h("a", { href: "#dags" }, "All deployed DAGs"), ", ", h("a", { href: historyLink(dagId) }, "its versions")];
    fill(actions, h("p", {}, links));
    for (const part of [runs, panel, picture, overview]) fill(part);
  }

  function leave() {
    isLeft = true;
    poll.stop();
    run?.leave();
  }

  poll.now();
  return {
    element: h(
      "section",
      {},
      h("p", { class: "trail" }, h("a", { href: "#dags" }, "Deployed DAGs"), " / ", dagId),
      title,
      trouble,
      runsTrouble,
      newer,
      head,
      actions,
      outcome,
      panel,
      !runId && picture,
      overview,
      runs,
    ),
    leave,
  };
}

function facts(dag, isOn) {
  return [
    h(
      "dl",
      { class: "facts" },
      fact("State", deploymentState(dag)),
      fact("On", isOn),
      fact("Schedule", scheduleCell(dag)),
      dag.owners.length > 0 && fact("Owners", dag.owners.join(", ")),
      dag.tags.length > 0 && fact("Tags", dag.tags.map(({ name }) => name).join(", ")),
      fact("Deployed", ["by ", dag.deployed_by, ", ", time(dag.deployed_at)]),
      dag.version_number && fact("Version", h("a", { href: historyLink(dag.dag_id), "data-key": "version" }, String(dag.version_number))),
      fact("Revision", h("code", {}, dag.revision.slice(0, 12))),
    ),
    dag.import_error && [h("p", { class: "reason" }, inline(dag.import_error.split("\n")[0])), importError(dag)],
    nodesTable(dag),
    h(
      "details",
      { "data-key": "definition" },
      h("summary", {}, "Definition as it was sent"),
      h("pre", { tabindex: "0" }, JSON.stringify(dag.definition, null, 2)),
    ),
  ];
}

function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
