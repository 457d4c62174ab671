// The form for a run of some tasks: which tasks, the configuration and the run id; its plan is shown before it starts.

import { checkbox, field, fill, h, notice, once } from "./dom.js";
import { planned } from "./run_actions.js";

// Answers { element, choose }. choose(ids) ticks these tasks and opens the form. path: of the DAG. start(request) starts
// the run.
export function partialRun({ path, taskIds, start, isLeft }) {
  const boxes = taskIds.map((taskId) => h("input", { name: "task", value: taskId }));
  const id = h("input", { type: "text", maxlength: 250, autocomplete: "off", spellcheck: "false" });
  const conf = h("textarea", { rows: 3, spellcheck: "false", autocomplete: "off" });
  const problem = h("div", {});

  const submit = once(async () => {
    fill(problem);
    const refused = (text) => fill(problem, text);
    const chosenIds = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!chosenIds.length) return refused(notice("bad", "Choose at least one task."));
    let configuration;
    try {
      configuration = conf.value.trim() ? JSON.parse(conf.value) : null;
    } catch (error) {
      return refused(notice("bad", `The configuration is not JSON: ${error.message}`));
    }
    const body = JSON.stringify({ task_ids: chosenIds, ...(id.value.trim() && { run_id: id.value.trim() }), ...(configuration !== null && { conf: configuration }) });
    const request = { method: "POST", path: `${path}/dagRuns/partial`, body };
    const confirmedRequests = await planned([request], { title: "Run these tasks?", action: "Run them", kind: "primary", refused, isLeft });
    if (confirmedRequests.length) await start(request);
    return null;
  });

  const element = h(
    "details",
    {},
    h("summary", {}, "Run some tasks"),
    h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          submit();
        },
      },
      h(
        "fieldset",
        { class: "task-choice" },
        h("legend", {}, "Tasks to run; every other is skipped, or marked success where a chosen one needs it"),
        boxes.map((box) => checkbox(box.value, box)),
      ),
      field("Name of the new run", id, "Its run_id; left empty, one is made up."),
      field("What the tasks are given (JSON)", conf, "Tasks read it as dag_run.conf and params."),
      problem,
      h("button", { class: "button primary" }, "Run these"),
    ),
  );

  function choose(ids) {
    const idsToTick = new Set(ids);
    for (const box of boxes) box.checked = idsToTick.has(box.value);
    element.open = true;
    element.scrollIntoView({ block: "center" });
    id.focus({ preventScroll: true });
  }

  return { element, choose };
}
