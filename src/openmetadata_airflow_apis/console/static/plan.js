// What an operation on a run would do, shown before it does it.

import { confirm, h, inline, notice, state } from "./dom.js";
import { send, sentence } from "./http.js";

const NAMED = 20;

// Resolves to whether the request's dry run was looked at and confirmed; refused() is given what to show if the API
// refuses already the dry run.
export async function planned(request, { title, action, kind, refused }) {
  const plan = await send({ ...request, query: { ...request.query, dry_run: "true" } });
  if (!plan.ok) {
    refused(notice("bad", inline(sentence(plan))));
    return false;
  }
  return confirm(title, planOf(plan.body), action, kind);
}

// Task instances by what becomes of them: one line for each pair of states.
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

export function nameOf({ task_id: taskId, map_index: mapIndex }) {
  return mapIndex >= 0 ? `${taskId} [${mapIndex}]` : taskId;
}

function names(instances) {
  const counts = new Map();
  for (const { task_id: taskId } of instances) counts.set(taskId, (counts.get(taskId) || 0) + 1);
  const told = [...counts].slice(0, NAMED).map(([taskId, count]) => (count > 1 ? `${taskId} (${count})` : taskId));
  return told.join(", ") + (counts.size > NAMED ? ` and ${counts.size - NAMED} more tasks` : "");
}

export function stopped(verb) {
  return ({ task_instances: touched, still_running: running }) => [
    `${verb}: ${names(touched)}.`,
    running.length > 0 && ` These have still to stop: ${names(running)}.`,
  ];
}

export function restarted({ failed_task_count: failed, clear_task_count: cleared }) {
  if (!failed) return `Restarted ${cleared} task instance(s).`;
  return `Restarted ${failed} failed task instance(s), with what comes after them ${cleared} in all.`;
}
