// The list of the DAGs deployed here: found, filtered and ordered by the API, a page at a time.

import { actionCells, dagCell, damagedCells, pauseCell, recentRuns, scheduleCell, stateCell } from "./dag_cells.js";
import { confirmDelete, deleted, deletion, switched, switching, triggered } from "./dag_actions.js";
import { button, fill, h, inline, notice, refill, table } from "./dom.js";
import { isSettled } from "./deployment_state.js";
import { send, sentence, tellUnreadable } from "./http.js";
import { DAGS_PATH, dagLink, dagPath } from "./links.js";
import { filterForm, isFiltered, queryOf } from "./list_filter.js";
import { permissions } from "./permissions.js";
import { pauseAfter, pauseWhile, polling } from "./polling.js";
import { isUnderWay } from "./task_states.js";

const PAGE = 50;
const RUNS = 10;

// Kept while the page is open, so that a reader who comes back from a DAG finds the list as it was.
const filter = { text: "", show: "", tag: "", order: "", offset: 0 };

export function dagsView() {
  const trouble = h("div", {});
  const list = h("div", {});
  const outcome = h("div", { class: "outcome" });
  const count = h("p", { class: "muted", role: "status" });
  const pages = h("div", { class: "actions" });
  const form = filterForm(filter, reload);
  let shown = "";
  let isLeft = false;
  const poll = polling(load);

  async function load(isLatest) {
    const query = { limit: PAGE, offset: filter.offset, recent_runs: RUNS, ...queryOf(filter) };
    const answer = await send({ method: "GET", path: DAGS_PATH, query });
    if (!isLatest()) return null;
    if (!answer.ok) {
      tellUnreadable(trouble, answer, shown);
      return pauseAfter(answer);
    }
    fill(trouble);
    const { dags, damaged, total_entries: total } = answer.body;
    const may = await permissions(dags.map((dag) => dag.dag_id));
    if (!isLatest()) return null;
    if (filter.offset && filter.offset >= total) {
      filter.offset = 0; // the last page has become empty
      return 0;
    }
    const content = JSON.stringify([dags, damaged, may.dags, total, filter]);
    if (content !== shown) {
      shown = content;
      show(dags, damaged, may, total);
    }
    return pauseWhile(dags.some((dag) => !isSettled(dag) || isUnderWay(dag.last_run)));
  }

  function show(dags, damaged, may, total) {
    form.offerTags(dags.flatMap((dag) => dag.tags.map(({ name }) => name)));
    const allowed = (dag) => may.dags[dag.dag_id] || [];
    const anyAllows = (operation) => dags.some((dag) => allowed(dag).includes(operation));
    const columns = [
      anyAllows("patch_dag") && ["On", (dag) => pauseCell(dag, allowed(dag), pause)],
      ["DAG", (dag) => dagCell(dag, { withPause: !anyAllows("patch_dag"), choose: chooseTag })],
      ["Schedule", scheduleCell],
      ["Recent runs", recentRuns],
      ["State", stateCell],
      (anyAllows("trigger_dag") || anyAllows("delete_dag")) && ["Actions", (dag) => actionCells(dag, allowed(dag), { trigger, remove })],
    ].filter(Boolean);
    const names = columns.map(([name]) => name);
    const rows = [
      ...damaged.map((dag) => damagedCells(dag, names)),
      ...dags.map((dag) => columns.map(([, cell]) => cell(dag))),
    ];
    if (rows.length) refill(list, table("DAGs deployed here", names, rows, { empty: "" }));
    else fill(list, isFiltered(filter) ? nothingFound() : invitation(may));
    form.element.hidden = total === 0 && !isFiltered(filter);
    fill(count, rows.length > 0 && `${filter.offset + 1} to ${filter.offset + rows.length} of ${total}`);
    refill(pages, paging(total));
  }

  function nothingFound() {
    return h("p", {}, "No deployed DAG is like that. ", button("Show all", form.clear, "link"));
  }

  // What an empty list shows: how to deploy something, if the user may.
  function invitation(may) {
    if (!may.operations.includes("deploy_dag")) {
      return notice("", "Nothing is deployed yet. Once somebody has deployed a workflow, it is listed here.");
    }
    return h(
      "div",
      { class: "panel-box invitation" },
      h("h3", {}, "Nothing is deployed yet"),
      h("p", {}, "A workflow is a JSON or YAML document. Begin with one task that says hello, and change it from there."),
      h(
        "div",
        { class: "actions" },
        button("Deploy an example", deployExample, "primary"),
        h("a", { class: "button", href: "#deploy" }, "Write your own"),
      ),
    );
  }

  async function deployExample() {
    const specification = await send({ method: "GET", path: "/rest_api/api/openapi.json" });
    if (!specification.ok) {
      fill(outcome, notice("bad", inline(sentence(specification))));
      return;
    }
    const { example } = specification.body.paths[DAGS_PATH].post.requestBody.content["application/json"];
    // There may be a DAG of that name that this user may not see; it stays as it is.
    const headers = { "If-None-Match": "*" };
    await act({ method: "POST", path: DAGS_PATH, headers, body: JSON.stringify(example) }, ({ dag_id: dagId }) => [
      "Deployed ",
      h("a", { href: dagLink(dagId) }, dagId),
      ". Trigger it, or open it to see what it is made of.",
    ]);
  }

  function reload() {
    filter.offset = 0;
    poll.now();
  }

  function chooseTag(name) {
    filter.tag = name;
    form.update();
    reload();
  }

  async function act(request, messageOf) {
    const answer = await send(request);
    if (isLeft) return;
    const newerHint = answer.status === 412 && " Below is what is deployed now.";
    fill(outcome, answer.ok ? notice("good", messageOf(answer.body)) : notice("bad", inline(sentence(answer)), newerHint));
    poll.now();
  }

  async function trigger(dag) {
    await act({ method: "POST", path: `${dagPath(dag.dag_id)}/dagRuns`, body: "{}" }, triggered);
  }

  async function pause(dag) {
    await act(switching(dag), switched);
  }

  async function remove(dag) {
    if (await confirmDelete(dag.dag_id)) await act(deletion(dag), deleted);
  }

  function paging(total) {
    if (total <= PAGE) return null;
    const turn = (by) => () => {
      filter.offset = Math.max(0, filter.offset + by);
      return poll.now();
    };
    return [
      button("Previous", turn(-PAGE), "", { disabled: filter.offset === 0, "data-key": "previous" }),
      button("Next", turn(PAGE), "", { disabled: filter.offset + PAGE >= total, "data-key": "next" }),
    ];
  }

  poll.now();
  return {
    element: h("section", {}, h("h2", {}, "Deployed DAGs"), form.element, outcome, trouble, count, list, pages),
    leave: () => {
      isLeft = true;
      poll.stop();
    },
  };
}
