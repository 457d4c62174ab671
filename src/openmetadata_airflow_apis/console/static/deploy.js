// The view Deploy: a definition is written or dropped, checked and drawn while it is written, and deployed after its
// reader has seen what would change, and whether somebody else has deployed another version meanwhile.

import { whenAllIsWellAgain } from "./connection_notice.js";
import { curl } from "./curl_command.js";
import { checking, faultList } from "./definition_check.js";
import { followDeployment, versionOf } from "./deployment_state.js";
import { button, confirm, field, fill, h, inline, notice, table, time } from "./dom.js";
import { droppable, filePicker, isJson, textEditor } from "./editor.js";
import { editorGraph } from "./editor_graph.js";
import { send, sentence } from "./http.js";
import { DAGS_PATH, dagLink, dagPath, historyLink } from "./links.js";
import { differences, isChange } from "./value_difference.js";
import { withFlag } from "./workflow_flag.js";

// base: the deployment that the draft began from, empty if none: { dagId, revision, versionNumber, text }.
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
  const example = spec.paths[DAGS_PATH].post.requestBody.content["application/json"].example;
  const status = h("p", { class: "editor-status", role: "status" });
  const faults = faultList("definition-faults", (fault) => editor.select(fault));
  const graph = editorGraph();
  const plans = deployPlans(base, () => editor.text);
  const checks = checking(() => editor.text, show);
  let isUnanswered = false; // the last check
  const editor = await textEditor({ labelId: "definition-label", faultsId: "definition-faults", onchange: changed });

  // The plans that are shown are those of the text before.
  function changed() {
    plans.clear();
    fill(status, "Checking…");
    checks.soon();
  }

  function show(result) {
    isUnanswered = Boolean(result.isUnanswered);
    const foundFaults = faultsOf(result);
    faults.show(foundFaults);
    editor.mark(foundFaults);
    graph.show(result.dags);
    fill(status, isJson(editor.text) ? "JSON" : "YAML", ": ", result.isUnanswered ? "not checked" : summary(result, foundFaults));
  }

  // Checks the text as it is now, and calls act(dags) unless there are faults that the DAGs' plans don't show.
  async function afterCheck(act) {
    const result = await checks.now();
    if (!result) return;
    const foundFaults = faultsOf(result);
    if (foundFaults.length && (result.dags.length < 2 || result.isUnanswered)) {
      const first = foundFaults.find(({ line }) => line);
      if (first) editor.select(first);
      plans.say(notice("bad", h("strong", {}, "Nothing was deployed. "), inline(foundFaults[0].detail), foundFaults.length > 1 && ` And ${foundFaults.length - 1} more, above.`));
    } else {
      await act(result.dags);
    }
  }

  async function load(text) {
    editor.text = text;
    const result = await checks.now();
    if (result?.dags.length > 1) await plans.look(result.dags);
  }

  const stopListening = whenAllIsWellAgain(() => isUnanswered && checks.now());
  if (draft === null) base.text = `${JSON.stringify(example, null, 2)}\n`;
  editor.text = draft ?? base.text;
  const editorSide = h(
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
    h("div", { class: "written" }, droppable(editorSide, load), graph.element),
    h(
      "div",
      { class: "actions" },
      // Each press begins anew, with the text as it is then: what an earlier one has asked is dropped.
      button("Deploy", () => void afterCheck(plans.deploy), "primary"),
      button("Dry run", () => void afterCheck(plans.look)),
    ),
    plans.element,
  );
  return {
    element,
    draft: () => editor.text,
    leave() {
      stopListening();
      checks.stop();
      plans.clear();
      editor.destroy();
    },
  };
}

function faultsOf({ faults, dags }) {
  return [...faults, ...dags.flatMap((dag) => dag.faults)].sort((first, second) => (first.line ?? 0) - (second.line ?? 0));
}

function summary({ dags }, foundFaults) {
  if (foundFaults.length) return foundFaults.length === 1 ? "1 fault" : `${foundFaults.length} faults`;
  const tasks = dags.reduce((sum, dag) => sum + dag.definition.tasks.length, 0);
  const taskCount = `${tasks} ${tasks === 1 ? "task" : "tasks"}`;
  return dags.length > 1 ? `no faults, ${dags.length} DAGs, ${taskCount}` : `no faults, ${taskCount}`;
}

// What a deploy would do to each DAG of the text, shown before it is done, and then its outcome. Answers { element,
// look(dags), deploy(dags), say(nodes), clear() }. dags: those of a check. base: as in deployView(). readText() answers the
// text that was checked.
function deployPlans(base, readText) {
  const element = h("div", { class: "outcome" });
  let questions = 0;
  let lastComment = ""; // the comment, kept in case the deploy fails

  function say(...nodes) {
    fill(element, ...nodes);
    element.scrollIntoView({ block: "nearest" });
  }

  // Resolves to the plans, null if the text has changed meanwhile.
  async function readPlans(dags) {
    questions += 1;
    const thisQuestion = questions;
    say(notice("", "Looking at what would change…"));
    const plans = [];
    for (const dag of dags) plans.push(dag.is_well ? await dryRun(dag) : null);
    return thisQuestion === questions ? plans : null;
  }

  async function look(dags) {
    const plans = await readPlans(dags);
    if (!plans) return;
    if (dags.length > 1) say(plansTable(dags, plans));
    else say(plans[0].ok ? dryRunResult(plans[0]) : refused(plans[0].answer), command(plans[0], { dry_run: "true" }));
  }

  function dryRunResult({ answer, before }) {
    return [
      notice("good", h("strong", {}, "No faults. "), `Nothing was changed (${answer.milliseconds} ms).`),
      newerVersionWarning(before),
      differences(answer.body),
    ];
  }

  async function deploy(dags) {
    const text = readText();
    if (dags.length > 1) {
      await look(dags);
      return;
    }
    const plans = await readPlans(dags);
    if (!plans) return;
    const [plan] = plans;
    if (!plan.ok) {
      say(refused(plan.answer));
      return;
    }
    const comment = await confirmed(plan);
    if (comment === null) {
      say(notice("", "Nothing was deployed."));
      return;
    }
    say(notice("", "Deploying…"));
    const answer = await deployPlanned(plan, comment);
    if (answer.ok) {
      lastComment = "";
      beginFrom(answer.body);
      base.text = text;
    }
    say(answer.ok ? deployed(answer) : refused(answer, () => deploy(dags)), command(plan));
  }

  // The text goes on from what was deployed of it.
  function beginFrom({ dag_id: dagId, revision, version_number: versionNumber }) {
    Object.assign(base, { dagId, revision, versionNumber });
  }

  // Resolves to the deploy's comment, null if the reader cancels. For a new DAG nothing is asked.
  async function confirmed({ answer: { body }, before }) {
    if (body.created || !isChange(body.changes)) return "";
    const comment = h("input", { type: "text", maxlength: 1000, value: lastComment });
    const explanation = [
      newerVersionWarning(before),
      before && h("p", {}, `${before.version_number ? `Version ${before.version_number}` : "It"} is deployed, by ${before.deployed_by}, `, time(before.deployed_at), "."),
      differences(body),
      field("Comment", comment, "What it is for. It is kept beside the new version."),
    ];
    const isConfirmed = await confirm(`Replace ${body.dag_id}?`, explanation, "Replace", "primary");
    lastComment = comment.value.trim();
    return isConfirmed ? lastComment : null;
  }

  // A warning if the text began from an older version than the deployed one, whose changes it would undo.
  function newerVersionWarning(before) {
    if (!before || before.dag_id !== base.dagId || before.revision === base.revision) return null;
    const newer = h("a", { href: historyLink(before.dag_id), target: "_blank" }, "what it changed");
    return notice("bad", `You began from ${versionOf({ version_number: base.versionNumber }, "an earlier version")}. ${before.version_number ? `Version ${before.version_number}` : "Another"} was deployed since, by ${before.deployed_by}; see `, newer, ". What is not in your text of it would be taken back.");
  }

  function deployed({ body, status, milliseconds }) {
    const state = h("span", {});
    followDeployment(body, state);
    return notice(
      "good",
      h("strong", {}, body.created ? "Deployed " : "Replaced "),
      h("a", { href: dagLink(body.dag_id) }, body.dag_id),
      ` (${status}, ${milliseconds} ms). `,
      state,
    );
  }

  function refused(answer, again) {
    const isNewer = answer.status === 412;
    const isGone = /nothing is deployed/.test(answer.body?.detail ?? "");
    return notice(
      "bad",
      h("strong", {}, `${answer.status} ${answer.body?.title || answer.title}. `),
      isNewer ? `Somebody else has ${isGone ? "deleted" : "deployed"} it since you looked; nothing was ${isGone ? "deployed" : "replaced"}. ` : inline(sentence(answer)),
      isNewer && again && button("Look at what would change now", again),
    );
  }

  // A file of several DAGs: what would happen to each, and one button for all of them.
  function plansTable(dags, plans) {
    const outcomes = dags.map((dag, index) => h("div", {}, outcomeOf(dag, plans[index])));
    const isGood = plans.every((plan) => plan?.ok);
    const rows = dags.map((dag, index) => [h("strong", {}, dag.dag_id ?? dag.name), outcomes[index]]);
    const apply = button(`Deploy all ${dags.length}`, () => deployAll(dags, plans, outcomes, apply), "primary", { disabled: !isGood });
    return [
      h("h3", {}, "DAGs of this text"),
      table("DAGs of this text", ["DAG", "What would happen"], rows, { empty: "" }),
      h("div", { class: "actions" }, apply, !isGood && h("span", { class: "muted" }, "All of them must be without faults first.")),
    ];
  }

  function outcomeOf(dag, plan) {
    if (!plan) return h("span", { class: "fault" }, dag.faults.length === 1 ? "1 fault" : dag.faults.length ? `${dag.faults.length} faults` : "the faults above");
    if (!plan.ok) return inline(sentence(plan.answer));
    const { body } = plan.answer;
    if (body.created) return "New";
    if (!isChange(body.changes)) return "Stays as it is";
    const title = plan.before ? `Replaces ${versionOf(plan.before, "the version")} by ${plan.before.deployed_by}` : "Replaces what is deployed";
    return [newerVersionWarning(plan.before), h("details", {}, h("summary", {}, title), differences(body))];
  }

  async function deployAll(dags, plans, outcomes, apply) {
    const replaced = plans.filter(({ answer }) => !answer.body.created && isChange(answer.body.changes));
    const names = replaced.map(({ answer }) => answer.body.dag_id).join(", ");
    const explanation = [...replaced.map(({ before }) => newerVersionWarning(before)), h("p", {}, `These are deployed already: ${names}.`)];
    if (replaced.length && !(await confirm(`Replace ${replaced.length} of ${dags.length} DAGs?`, explanation, "Deploy all", "primary"))) return;
    apply.disabled = true;
    const text = readText();
    let areAllDeployed = true;
    for (const [index, plan] of plans.entries()) {
      fill(outcomes[index], "Deploying…");
      const answer = await deployPlanned(plan);
      if (answer.ok && answer.body.dag_id === base.dagId) beginFrom(answer.body);
      areAllDeployed &&= answer.ok;
      fill(outcomes[index], answer.ok ? deployed(answer) : refused(answer, () => look(dags)));
    }
    if (areAllDeployed) base.text = text;
  }

  return {
    element,
    look,
    deploy,
    say,
    clear() {
      questions += 1;
      fill(element);
    },
  };
}

function command({ request }, query = {}) {
  return h("details", {}, h("summary", {}, "The same with curl"), h("pre", { tabindex: "0" }, curl({ ...request, query })));
}

// A dry run, and the request of the deploy after it, which replaces what the dry run has shown, and nothing newer.
// Resolves to { ok, answer, before, request }. answer: the dry run's. before: the DAG that is deployed now, null if there
// is none or the user may not see it. request: deploys what was planned, and is refused if something else is deployed.
async function dryRun({ dag_id: dagId, request: text }) {
  const deployed = await send({ method: "GET", path: dagPath(dagId) });
  const before = deployed.ok ? deployed.body : null;
  const headers = before ? { "If-Match": `"${before.revision}"` } : deployed.status === 404 ? { "If-None-Match": "*" } : {};
  // The page asks the user before it replaces something, so that the text needs no `force` of its own.
  const request = { method: "POST", path: DAGS_PATH, headers, body: before ? withFlag(text, "force") : text };
  const answer = await send({ ...request, query: { dry_run: "true" } });
  return { ok: answer.ok, answer, before, request };
}

async function deployPlanned({ request }, comment) {
  return send({ ...request, query: comment ? { comment } : {} });
}
