// What is wrong with a text, and what it would make, asked of the server while somebody writes.

import { send, sentence } from "./http.js";

const REST = 400; // milliseconds without a keystroke, after which the text is looked at

// Resolves to { faults, dags } as console/definition_check.py answers it; a fault speaks for whatever went wrong.
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

// Calls show(result, text) for the last text that was given, once it has rested; now() doesn't wait.
export function checking(read, show) {
  let timer = null;
  let asked = 0;
  async function now() {
    clearTimeout(timer);
    asked += 1;
    const question = asked;
    const text = read();
    const result = await check(text);
    if (question === asked) show(result, text);
    return question === asked ? result : null;
  }
  return {
    now,
    soon() {
      clearTimeout(timer);
      asked += 1;
      timer = setTimeout(now, REST);
    },
    stop() {
      clearTimeout(timer);
      asked += 1;
    },
  };
}
