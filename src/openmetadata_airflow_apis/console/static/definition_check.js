// What is wrong with a text, and what it would make, asked of the server while somebody writes.

import { config } from "./http.js";

const REST = 400; // milliseconds without a keystroke, after which the text is looked at

// Resolves to { faults, dags } as console/definition_check.py answers it; a fault speaks for whatever went wrong.
export async function check(text) {
  try {
    const response = await fetch(config.check_url, {
      method: "POST",
      headers: { "Content-Type": "text/plain", "X-CSRFToken": config.csrf_token },
      body: text,
      credentials: "same-origin",
      redirect: "error",
    });
    if (!response.ok) return failed(response.status === 413 ? "The text is larger than the server takes." : REFUSED);
    return await response.json();
  } catch {
    return failed("The webserver did not answer. Is it running, and are you still connected?");
  }
}

const REFUSED = "The server would not look at it. Your session may have ended: load this page again and sign in.";

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
