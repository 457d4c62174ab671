// The log of one try of a task instance, renewed while it is written.

import { button, fill, fillIfChanged, focusAgain, h, inline, notice } from "./dom.js";
import { isToldAbove, send, sentence } from "./http.js";
import { pauseAfter, pauseWhile, polling } from "./polling.js";
import { nameOf } from "./task_states.js";

const TAIL = 500;

// Answers { element, open, leave }; path: of the run.
export function logPanel(path) {
  const element = h("div", { class: "log-panel" });
  let poll = null;
  let opener = null; // has the focus again once the log is closed

  function open({ taskId, mapIndex, tryNumber }) {
    poll?.stop();
    if (!element.contains(document.activeElement)) opener = document.activeElement;
    const name = nameOf({ task_id: taskId, map_index: mapIndex });
    const text = h("pre", { class: "log", tabindex: "0", "aria-label": `Log of ${name}, try ${tryNumber}` });
    const trouble = h("div", {});
    const earlier = h("p", { class: "muted" });
    let position = null; // the offset to read on from; null at first, which reads the end of the log
    const reading = polling(load);
    poll = reading;

    async function load(isLatest) {
      const query = { try_number: tryNumber, ...(mapIndex >= 0 && { map_index: mapIndex }) };
      Object.assign(query, position === null ? { tail_lines: TAIL } : { offset: position });
      const answer = await send({ method: "GET", path: `${path}/taskInstances/${encodeURIComponent(taskId)}/logs`, query });
      if (!isLatest()) return null;
      if (!answer.ok) {
        fillIfChanged(trouble, !isToldAbove(answer) && notice("bad", inline(sentence(answer))));
        return isToldAbove(answer) || answer.status >= 500 ? pauseAfter(answer) : null;
      }
      fill(trouble);
      const { content, offset, next_offset: next, end_of_log: ended } = answer.body;
      if (position === null) fill(earlier, offset > 0 && [`The last ${TAIL} lines. `, button("From the beginning", readFromBeginning, "link")]);
      const isAtEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 30;
      text.append(content);
      if (isAtEnd) text.scrollTop = text.scrollHeight;
      const caughtUp = next === position || position === null;
      position = next;
      if (ended && (caughtUp || !content)) return null;
      return content && !caughtUp ? 0 : pauseWhile(true);
    }

    function readFromBeginning() {
      position = 0;
      fill(text);
      fill(earlier);
      reading.now();
    }

    fill(element, h("h4", { tabindex: "-1" }, `Log of ${name}, try ${tryNumber}`), trouble, earlier, text, close());
    element.firstChild.focus();
    reading.now();
  }

  function close() {
    return button("Close the log", () => {
      leave();
      fill(element);
      focusAgain(opener);
    });
  }

  function leave() {
    poll?.stop();
    poll = null;
  }

  return { element, open, leave };
}
