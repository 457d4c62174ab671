// Restarts, kills, skips and marks tasks of a run; each shows its plan first, and asks whether to do it.

import { fill, h, inline, notice, once } from "./dom.js";
import { isToldAbove, send, sentence } from "./http.js";
import { merged, planned, restarted, stopped } from "./run_plan.js";
import { nameOf } from "./task_instances.js";

// A process stops only at its next heartbeat. Until it has ended, it could still fail the next try.
const WAIT = { wait: 20 };
const NAMED = 5;

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
  const named = tasks.slice(0, NAMED).map(nameOf).join(", ");
  return tasks.length > NAMED ? `${named} and ${tasks.length - NAMED} more` : named;
}

function indexOf({ map_index: mapIndex }) {
  return mapIndex >= 0 ? { map_index: mapIndex } : {};
}
