// What a deploy would do to each DAG of the text, shown before it is done, and then its outcome.

import { button, confirm, field, fill, h, inline, notice, table, time } from "./dom.js";
import { curl } from "./curl_command.js";
import { deployPlanned, dryRun } from "./deploy_requests.js";
import { followDeployment, versionOf } from "./deployment.js";
import { differences, isChange } from "./value_difference.js";
import { sentence } from "./http.js";
import { dagLink, historyLink } from "./links.js";

// Answers { element, look(dags), deploy(dags), say(nodes), clear() }. dags: those of a check. base: as in deploy.js. readText()
// answers the text that was checked.
export function deployPlans(base, readText) {
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
