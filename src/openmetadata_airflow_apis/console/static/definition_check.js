// Asks the server, while somebody writes a text, what is wrong with it and which DAGs it makes; the list of the faults.

import { button, fill, h, inline } from "./dom.js";
import { send, sentence } from "./http.js";

const REST = 400; // milliseconds without a keystroke, after which the text is checked

// Resolves to { faults, dags } as console/definition_check.py answers it; if the request fails, a fault says why.
export async function check(text) {
  const answer = await send({ method: "POST", path: "/rest_api/check", text });
  if (answer.ok) return answer.body;
  return failed(SENTENCES[answer.status] ?? sentence(answer));
}

const SENTENCES = {
  401: "Your session has ended. Sign in again in another tab; then this is looked at by itself.",
  413: "The text is larger than the server takes.",
};

function failed(detail) {
  return { dags: [], faults: [{ pointer: "", detail, line: null, column: null }], isUnanswered: true };
}

// Answers { now, soon, stop }: soon() checks the text after a pause in typing, now() at once. show(result, text) is
// called for the latest check only.
export function checking(read, show) {
  let timer = null;
  let questions = 0;
  async function now() {
    clearTimeout(timer);
    questions += 1;
    const thisQuestion = questions;
    const text = read();
    const result = await check(text);
    if (thisQuestion === questions) show(result, text);
    return thisQuestion === questions ? result : null;
  }
  return {
    now,
    soon() {
      clearTimeout(timer);
      questions += 1;
      timer = setTimeout(now, REST);
    },
    stop() {
      clearTimeout(timer);
      questions += 1;
    },
  };
}

// The faults of a text as a list, each with a button that leads to its line. Answers { element, show }.
// go(fault) is called when the button of a fault's line is pressed.
export function faultList(id, go) {
  const element = h("div", { id, class: "faults" });

  function item(fault) {
    const text = [fault.pointer && h("code", {}, fault.pointer), fault.pointer && " ", inline(fault.detail || "")];
    if (!fault.line) return h("li", {}, text);
    return h("li", { "data-line": fault.line }, button(`Line ${fault.line}`, () => go(fault), "link"), " ", text);
  }

  function show(faults) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    fill(element, faults.length > 0 && [h("p", {}, count), h("ul", {}, faults.map(item))]);
  }

  return { element, show };
}
