// What operations on a run would do, shown before they do it.

import { confirm, h, inline, notice, state } from "./dom.js";
import { send, sentence } from "./http.js";

const NAMED = 20;
const BESIDE = 4; // dry runs that are requested at the same time

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
export function merged(bodies) {
  const instances = new Map();
  for (const instance of bodies.flatMap((body) => body.task_instances)) {
    const key = JSON.stringify([instance.task_id, instance.map_index]);
    instances.set(key, { ...instance, state_before: instances.get(key)?.state_before ?? instance.state_before });
  }
  return { ...bodies[0], task_instances: [...instances.values()], still_running: bodies.at(-1).still_running };
}

// The task instances by their states before and after: one line for each pair of states.
export function planOf({ task_instances: touched, still_running: running = [] }) {
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
  const shownNames = [...counts].slice(0, NAMED).map(([taskId, count]) => (count > 1 ? `${taskId} (${count})` : taskId));
  return shownNames.join(", ") + (counts.size > NAMED ? ` and ${counts.size - NAMED} more tasks` : "");
}

export function stopped(verb) {
  return ({ task_instances: touched, still_running: running }) => [
    `${verb}: ${names(touched)}.`,
    running.length > 0 && ` These have still to stop: ${names(running)}.`,
  ];
}

function taskInstances(count, kind = "") {
  return `${count} ${kind}task instance${count === 1 ? "" : "s"}`;
}

export function restarted({ failed_task_count: failed, clear_task_count: cleared }) {
  if (!failed) return `Restarted ${taskInstances(cleared)}.`;
  return `Restarted ${taskInstances(failed, "failed ")}, with what comes after them ${cleared} in all.`;
}
