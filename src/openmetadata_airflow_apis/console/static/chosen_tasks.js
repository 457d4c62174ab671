// The tasks that are chosen on the graph, and what can be done with them.

import { button, fill, h } from "./dom.js";
import { hasEnded } from "./task_instances.js";

const NAMED = 8;
const ACTING = ["restart_failed_task", "kill_running_tasks", "skip_task_instance", "succeed_task_instance", "run_task_instance"];

// Answers { element, show }. show(ids, tasks, isBusy) takes the chosen tasks' ids, and the run's tasks as task_summaries.js
// answers them, null if no run is shown. actions: of run_actions.js. runOnly(ids) begins a run of only these tasks.
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
    const named = [...ids].slice(0, NAMED).join(", ");
    fill(
      status,
      chosen.length
        ? [h("strong", {}, `${chosen.length} ${chosen.length === 1 ? "task" : "tasks"} chosen: `), named, chosen.length > NAMED && ` and ${chosen.length - NAMED} more`]
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
