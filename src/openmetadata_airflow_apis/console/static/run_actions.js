// Restarts, kills, skips and marks tasks of a run, one or all that are chosen on the graph. Each shows its plan first, and
// asks whether to do it; what the API refuses is left out.

import { button, confirm, fill, h, inline, notice, once, state } from "./dom.js";
import { isToldAbove, send, sentence } from "./http.js";
import { hasEnded, nameOf } from "./task_states.js";

// A process stops only at its next heartbeat. Until it has ended, it could still fail the next try.
const WAIT = { wait: 20 };
const IN_QUESTION = 5; // tasks that a question names
const IN_PLAN = 20; // tasks that a line of a plan names
const IN_CHOICE = 8; // chosen tasks that are named
const BESIDE = 4; // dry runs that are requested at the same time
const ACTING = ["restart_failed_task", "kill_running_tasks", "skip_task_instance", "succeed_task_instance", "run_task_instance"];

// path: of the run. outcome: the element that shows the outcome. busy(isBusy) is called before and after the requests,
// done() at the end. tasks: a list of { task_id, map_index, state }, with map_index for one instance of a mapped task only.
export function runActions({ path, outcome, busy, done, isLeft }) {
  const act = once(async ({ requests, title, action, kind, tell }) => {
    fill(outcome, notice("", "Looking at what would change…"));
    const confirmedRequests = await planned(requests, { title, action, kind, refused: (text) => fill(outcome, text), looked: () => fill(outcome), isLeft });
    if (!confirmedRequests.length || isLeft()) return;
    busy(true);
    const answered = [];
    const failed = [];
    for (const [index, request] of confirmedRequests.entries()) {
      fill(outcome, notice("", confirmedRequests.length > 1 ? `Waiting until it is done: ${index + 1} of ${confirmedRequests.length}…` : "Waiting until it is done…"));
      const last = index === confirmedRequests.length - 1;
      const answer = await send({ ...request, query: { ...request.query, ...(last && request.body === undefined && WAIT) } });
      if (answer.ok) answered.push(answer.body);
      else failed.push({ request, answer });
      if (isToldAbove(answer)) {
        failed.push(...confirmedRequests.slice(index + 1).map((untried) => ({ request: untried, answer })));
        break;
      }
    }
    busy(false);
    if (isLeft()) return;
    fill(outcome, answered.length > 0 && notice("good", tell(merged(answered))), failed.length > 0 && notice("bad", refusals(failed, confirmedRequests.length)));
    done(); // not waited for: what it shows can be acted on again
  });

  const requestsFor = (tasks, verb) =>
    tasks.map((task) => ({ name: nameOf(task), method: "POST", path: `${path}/taskInstances/${encodeURIComponent(task.task_id)}/${verb}`, query: indexOf(task) }));

  return {
    kill(tasks) {
      const name = tasks ? nameAll(tasks) : "this run";
      const query = (task) => ({ task_id: task.task_id, ...indexOf(task) });
      const requests = tasks ? tasks.map((task) => ({ name: nameOf(task), method: "POST", path: `${path}/kill`, query: query(task) })) : [{ method: "POST", path: `${path}/kill`, query: {} }];
      return act({ requests, title: `Kill ${name}?`, action: `Kill ${name}`, kind: "danger", tell: stopped("Killed") });
    },
    skip(tasks) {
      const name = nameAll(tasks);
      return act({ requests: requestsFor(tasks, "skip"), title: `Skip ${name}?`, action: `Skip ${name}`, kind: "primary", tell: stopped("Skipped") });
    },
    succeed(tasks) {
      const name = nameAll(tasks);
      const title = `Mark ${name} as successful?`;
      return act({ requests: requestsFor(tasks, "succeed"), title, action: `Mark ${name}`, kind: "primary", tell: stopped("Marked as successful") });
    },
    // If all of the tasks failed, only their failed instances are restarted, else all of their instances.
    restart(tasks) {
      const name = tasks && nameAll(tasks);
      const failed = tasks?.every(({ state }) => ["failed", "upstream_failed"].includes(state));
      const body = tasks ? { task_ids: tasks.map(({ task_id: id }) => id), ...(tasks.length === 1 && indexOf(tasks[0])), only_failed: failed } : {};
      const requests = [{ method: "POST", path: `${path}/restart`, body: JSON.stringify(body) }];
      if (!tasks) return act({ requests, title: "Restart what failed?", action: "Restart", kind: "primary", tell: restarted });
      return act({ requests, title: `Restart ${name}?`, action: `Restart ${name}`, kind: "primary", tell: restarted });
    },
  };
}

// What could not be done, by task if there were several. Such a task is unchanged, unless another request included it.
function refusals(failed, count) {
  if (count === 1) return inline(sentence(failed[0].answer));
  const items = failed.map(({ request, answer }) => h("li", {}, h("strong", {}, request.name), ": ", inline(sentence(answer))));
  return [`Not done for ${failed.length} of ${count} tasks:`, h("ul", { "aria-label": "Not done" }, items)];
}

function nameAll(tasks) {
  const named = tasks.slice(0, IN_QUESTION).map(nameOf).join(", ");
  return tasks.length > IN_QUESTION ? `${named} and ${tasks.length - IN_QUESTION} more` : named;
}

function indexOf({ map_index: mapIndex }) {
  return mapIndex >= 0 ? { map_index: mapIndex } : {};
}

// The tasks that are chosen on the graph, and what can be done with them. Answers { element, show }. show(ids, tasks, isBusy)
// takes the chosen tasks' ids, and the run's tasks as task_states.js answers them, null if no run is shown. actions: of
// runActions(). runOnly(ids) begins a run of only these tasks.
export function selectionBar({ may, actions = null, runOnly, choose }) {
  const element = h("div", { class: "selection" });
  const status = h("p", { role: "status", class: "muted" });
  const buttons = h("div", { class: "actions" });
  const canAct = ACTING.some((operation) => may.includes(operation));
  let shown = "";

  function show(ids, tasks, isBusy) {
    const chosen = [...ids].map((id) => ({ task_id: id, state: tasks?.get(id)?.state ?? null, counts: tasks?.get(id)?.counts }));
    const failed = [...(tasks?.values() ?? [])].filter((task) => task.counts.has("failed")).map((task) => task.task_id);
    const content = JSON.stringify([chosen.map((task) => [task.task_id, task.state, task.counts && [...task.counts.keys()]]), failed, isBusy]);
    if (content === shown) return;
    shown = content;
    const can = (operation) => actions && !isBusy && tasks && chosen.length > 0 && may.includes(operation);
    const states = chosen.flatMap(({ counts }) => [...(counts?.keys() ?? [])]);
    const unfinished = !states.every(hasEnded);
    const named = [...ids].slice(0, IN_CHOICE).join(", ");
    fill(
      status,
      chosen.length
        ? [h("strong", {}, `${chosen.length} ${chosen.length === 1 ? "task" : "tasks"} chosen: `), named, chosen.length > IN_CHOICE && ` and ${chosen.length - IN_CHOICE} more`]
        : `Choose tasks on the graph to ${canAct ? "do something with them" : "list them alone"}.`,
    );
    const focused = buttons.contains(document.activeElement) && document.activeElement.textContent;
    fill(
      buttons,
      can("restart_failed_task") && states.some(hasEnded) && button("Restart chosen", () => actions.restart(chosen), "primary"),
      can("kill_running_tasks") && unfinished && button("Kill chosen", () => actions.kill(chosen), "danger"),
      can("skip_task_instance") && unfinished && button("Skip chosen", () => actions.skip(chosen)),
      can("succeed_task_instance") && states.some((name) => name !== "success") && button("Mark chosen successful", () => actions.succeed(chosen)),
      chosen.length > 0 && may.includes("run_task_instance") && button("Run only these…", () => runOnly([...ids])),
      failed.length > 0 && !isBusy && button("Choose what failed", () => choose(failed)),
      chosen.length > 0 && button("Choose none", () => choose([])),
    );
    if (focused) ([...buttons.children].find((control) => control.textContent === focused) ?? buttons.firstChild)?.focus();
  }

  fill(element, status, buttons);
  return { element, show };
}

// Shows what requests would do, from their dry runs. Resolves to the requests that the reader confirms, none if they
// cancel. Requests that the API refuses are left out, and the plan says so; if it refuses all, refused(notice) is called
// with what to show. looked() is called once the dry runs are answered. Nothing is shown if the view isLeft() by then.
export async function planned(requests, { title, action, kind, refused, looked = () => {}, isLeft }) {
  const plans = await dryRuns(requests);
  if (isLeft()) return [];
  looked();
  const refusedPlans = plans.filter(({ ok }) => !ok);
  if (refusedPlans.length === plans.length) {
    refused(notice("bad", inline(sentence(refusedPlans[0]))));
    return [];
  }
  const bodies = plans.filter(({ ok }) => ok).map(({ body }) => body);
  const leftOutList = refusedPlans.length > 0 && h("ul", { "aria-label": "Left out" }, leftOut(requests, plans));
  const content = h("div", { class: "scroll", tabindex: "0" }, planOf(merged(bodies)), leftOutList);
  return (await confirm(title, content, action, kind)) ? requests.filter((_, index) => plans[index].ok) : [];
}

async function dryRuns(requests) {
  const plans = [];
  let next = 0;
  async function ask() {
    while (next < requests.length) {
      const index = next;
      next += 1;
      const request = requests[index];
      plans[index] = await send({ ...request, query: { ...request.query, dry_run: "true" } });
    }
  }
  await Promise.all(Array.from({ length: BESIDE }, ask));
  return plans;
}

function leftOut(requests, plans) {
  return requests.flatMap(({ name }, index) => (plans[index].ok ? [] : h("li", {}, "Left out: ", name && h("strong", {}, name, ": "), inline(sentence(plans[index])))));
}

// Several plans as one: each task instance once, from its state before all of the requests to that after them.
function merged(bodies) {
  const instances = new Map();
  for (const instance of bodies.flatMap((body) => body.task_instances)) {
    const key = JSON.stringify([instance.task_id, instance.map_index]);
    instances.set(key, { ...instance, state_before: instances.get(key)?.state_before ?? instance.state_before });
  }
  return { ...bodies[0], task_instances: [...instances.values()], still_running: bodies.at(-1).still_running };
}

// The task instances by their states before and after: one line for each pair of states.
function planOf({ task_instances: touched, still_running: running = [] }) {
  const groups = new Map();
  for (const instance of touched) {
    const key = JSON.stringify([instance.state_before, instance.state_after]);
    groups.set(key, [...(groups.get(key) || []), instance]);
  }
  const lines = [...groups].map(([key, instances]) => {
    const [before, after] = JSON.parse(key);
    const becomes = after ? state(after) : "runs when its turn comes";
    const change = before === after ? [after && "stays ", becomes] : [state(before), " → ", becomes];
    return h("li", {}, change.filter(Boolean), `: ${names(instances)}`);
  });
  if (!lines.length) return h("p", {}, "No task instance would change.");
  return [
    h("ul", { class: "plan", "aria-label": "What would change" }, lines),
    running.length > 0 && h("p", {}, `Their processes would be ended: ${names(running)}.`),
  ];
}

function names(instances) {
  const counts = new Map();
  for (const { task_id: taskId } of instances) counts.set(taskId, (counts.get(taskId) || 0) + 1);
  const shownNames = [...counts].slice(0, IN_PLAN).map(([taskId, count]) => (count > 1 ? `${taskId} (${count})` : taskId));
  return shownNames.join(", ") + (counts.size > IN_PLAN ? ` and ${counts.size - IN_PLAN} more tasks` : "");
}

function stopped(verb) {
  return ({ task_instances: touched, still_running: running }) => [
    `${verb}: ${names(touched)}.`,
    running.length > 0 && ` These have still to stop: ${names(running)}.`,
  ];
}

function taskInstances(count, kind = "") {
  return `${count} ${kind}task instance${count === 1 ? "" : "s"}`;
}

function restarted({ failed_task_count: failed, clear_task_count: cleared }) {
  if (!failed) return `Restarted ${taskInstances(cleared)}.`;
  return `Restarted ${taskInstances(failed, "failed ")}, with what comes after them ${cleared} in all.`;
}
