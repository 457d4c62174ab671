// Why a run failed, or what it waits for, as the API explains it.

import { h, inline, state, time } from "./dom.js";
import { nameOf } from "./task_states.js";

const OPEN = 3;

// logButton(failure) makes the button that opens the failure's whole log.
export function explanation(explained, logButton) {
  const { failures, waiting, run_reasons: reasons, total_failures: totalFailures, total_waiting: totalWaiting } = explained;
  if (explained.state === "success" || !(failures.length || waiting.length || reasons.length || explained.import_error)) return null;
  const title = explained.state === "failed" ? "Why it failed" : failures.length ? "What failed, and what it waits for" : "What it waits for";
  return h(
    "section",
    { class: "why", "aria-label": title },
    h("h4", {}, title),
    h("p", {}, inline(explained.summary)),
    explained.logs_withheld && !explained.summary.includes(explained.logs_withheld) && h("p", { class: "muted" }, inline(explained.logs_withheld)),
    explained.import_error && h("pre", { class: "error-text", tabindex: "0" }, explained.import_error),
    reasons.length > 0 && h("ul", {}, reasons.map((reason) => h("li", {}, inline(reason.reason)))),
    failures.map((failure, index) => failed({ ...failure, log_problem: explained.logs_withheld ? null : failure.log_problem }, index < OPEN && failure.after_failure_of.length === 0, logButton)),
    totalFailures > failures.length && h("p", { class: "muted" }, `${totalFailures} task instances failed; these are ${failures.length} of them.`),
    waiting.length > 0 && h("ul", { class: "waiting" }, waiting.map(waits)),
    totalWaiting > instancesOf(waiting) && h("p", { class: "muted" }, `${totalWaiting} task instances wait in all.`),
  );
}

function instancesOf(waiting) {
  return waiting.reduce((number, { count }) => number + count, 0);
}

function failed(failure, open, logButton) {
  const name = nameOf(failure);
  const details = h(
    "details",
    { class: "failure", "data-key": `failure ${name}` },
    h("summary", {}, state(failure.state), " ", h("strong", {}, name), " ", failure.reason),
    failure.causes.length > 0 && h("p", {}, "Because of: ", failure.causes.join("; ")),
    failure.after_failure_of.length > 0 && h("p", {}, `It depends on what failed before: ${failure.after_failure_of.join(", ")}.`),
    h(
      "p",
      { class: "muted" },
      [failure.operator, failure.place, `try ${failure.try_number} of ${(failure.max_tries ?? 0) + 1}`, failure.hostname && `on ${failure.hostname}`]
        .filter(Boolean)
        .join(", "),
      ", ended ",
      time(failure.end_date),
    ),
    failure.log_lines?.length > 0 && h("pre", { class: "log", tabindex: "0", "aria-label": `End of the log of ${name}` }, failure.log_lines.join("\n")),
    failure.log_problem && h("p", { class: "muted" }, failure.log_problem),
    h("div", { class: "actions" }, logButton(failure)),
  );
  details.open = open;
  // The end of a log says most. A log can be scrolled only once it is unfolded.
  details.addEventListener("toggle", () => {
    for (const log of details.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
  });
  return details;
}

function waits(task) {
  const name = task.count > 1 ? `${task.task_id} (${task.count})` : nameOf(task);
  return h("li", {}, state(task.state), " ", h("strong", {}, name), ": ", inline(task.reasons.map(({ reason }) => reason).join("; ")));
}
