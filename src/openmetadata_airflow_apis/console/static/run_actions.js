// Restarting, killing, skipping and marking tasks of a run: each shows its plan first, and does it if that is wanted.

import { fill, inline, notice } from "./dom.js";
import { send, sentence } from "./http.js";
import { merged, nameOf, planned, restarted, stopped } from "./plan.js";

// A process that is told to stop takes a heartbeat to do so. Until it is gone, it could still fail the next try.
const WAIT = { wait: 20 };
const NAMED = 5;

// path: of the run. outcome: where it is told what came of it. busy(isBusy) is called before and after; done() at the end.
// What tasks are given is { task_id, map_index, state } each, map_index only for one instance of a mapped task.
export function runActions({ path, outcome, busy, done, isLeft }) {
  async function act({ requests, title, action, kind, tell }) {
    fill(outcome);
    const wanted = await planned(requests, { title, action, kind, refused: (text) => !isLeft() && fill(outcome, text) });
    if (!wanted.length || isLeft()) return;
    busy(true);
    fill(outcome, notice("", "Waiting until it is done…"));
    const answers = [];
    for (const request of wanted) {
      const last = answers.length === wanted.length - 1;
      const answer = await send({ ...request, query: { ...request.query, ...(last && request.body === undefined && WAIT) } });
      answers.push(answer);
      if (!answer.ok) break;
    }
    busy(false);
    if (isLeft()) return;
    const good = answers.filter(({ ok }) => ok).map(({ body }) => body);
    const failed = answers.find(({ ok }) => !ok);
    const rest = failed && wanted.length > 1 && ` ${wanted.length - good.length} of ${wanted.length} tasks are as they were.`;
    fill(
      outcome,
      good.length > 0 && notice("good", tell(merged(good))),
      failed && notice("bad", inline(sentence(failed)), rest),
    );
    await done();
  }

  const each = (tasks, verb) =>
    tasks.map((task) => ({ method: "POST", path: `${path}/taskInstances/${encodeURIComponent(task.task_id)}/${verb}`, query: indexOf(task) }));

  return {
    kill(tasks) {
      const name = tasks ? nameAll(tasks) : "this run";
      const query = (task) => ({ task_id: task.task_id, ...indexOf(task) });
      const requests = tasks ? tasks.map((task) => ({ method: "POST", path: `${path}/kill`, query: query(task) })) : [{ method: "POST", path: `${path}/kill`, query: {} }];
      return act({ requests, title: `Kill ${name}?`, action: `Kill ${name}`, kind: "danger", tell: stopped("Killed") });
    },
    skip(tasks) {
      const name = nameAll(tasks);
      return act({ requests: each(tasks, "skip"), title: `Skip ${name}?`, action: `Skip ${name}`, kind: "primary", tell: stopped("Skipped") });
    },
    succeed(tasks) {
      const name = nameAll(tasks);
      const title = `Mark ${name} as successful?`;
      return act({ requests: each(tasks, "succeed"), title, action: `Mark ${name}`, kind: "primary", tell: stopped("Marked as successful") });
    },
    // Of tasks that all failed, what failed of them; of others, all of them.
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

function nameAll(tasks) {
  const named = tasks.slice(0, NAMED).map(nameOf).join(", ");
  return tasks.length > NAMED ? `${named} and ${tasks.length - NAMED} more` : named;
}

function indexOf({ map_index: mapIndex }) {
  return mapIndex >= 0 ? { map_index: mapIndex } : {};
}
