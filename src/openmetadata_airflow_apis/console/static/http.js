// Requests to the API, with the browser's session or a token, and what the page says of their answers.

import { watched } from "./connection_notice.js";
import { fillIfChanged, inline, notice } from "./dom.js";
import { config, isOldToken, prolongSession, renewToken } from "./session.js";

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const LONGEST = 3000; // of an address; gunicorn takes 4094 bytes at most
const ROOM = 3900; // in an address that gets some parameters more
const MOST = 100; // ids that the server takes in a query

let ahead = 0; // milliseconds that the server's clock is ahead of this one, by the last answer

// The server's time in milliseconds, as Date.now() is this browser's, to the second.
export function serverTime() {
  return Date.now() + ahead;
}

// A request is { method, path, query, headers, body, text, form, token }. path: as in the specification, with its
// parameters filled in. query, headers, form: maps of texts. body: a JSON text. text: a text that is not JSON.
export async function send(request) {
  const noteAnswer = watched(request);
  let answer = await fetched(request);
  if (isOldToken(request, answer)) {
    const status = await renewToken();
    if (status === 200) answer = await fetched(request);
    else if (status === 401) answer = { ...answer, status, title: "Unauthorized" };
  }
  noteAnswer(answer);
  if (answer.ok && !request.token) prolongSession();
  return answer;
}

async function fetched(request) {
  const headers = { Accept: "application/json, application/problem+json", ...request.headers };
  if (request.token) headers.Authorization = `Bearer ${request.token}`;
  else if (CHANGES.has(request.method)) headers["X-CSRFToken"] = config.csrf_token;
  let body;
  if (request.body) {
    headers["Content-Type"] = "application/json";
    body = request.body;
  } else if (request.text !== undefined) {
    headers["Content-Type"] = "text/plain";
    body = request.text;
  } else if (request.form) {
    body = new URLSearchParams(request.form);
  }
  const started = performance.now();
  let response;
  let text;
  try {
    response = await fetch(config.root + target(request), {
      method: request.method,
      headers,
      body,
      credentials: request.token ? "omit" : "same-origin",
      redirect: "error",
    });
    const date = Date.parse(response.headers.get("Date"));
    if (date) ahead = date - Date.now();
    text = await response.text();
    body = /[/+]json/.test(response.headers.get("Content-Type") || "") ? JSON.parse(text) : text;
  } catch {
    return unreachable(started); // or the answer broke off half-way
  }
  return {
    isOfSession: !request.token,
    ok: response.ok,
    status: response.status,
    title: response.statusText,
    milliseconds: Math.round(performance.now() - started),
    body,
  };
}

function unreachable(started) {
  return {
    ok: false,
    status: 0,
    title: "No answer",
    milliseconds: Math.round(performance.now() - started),
    body: { detail: "The webserver did not answer. Is it running, and are you still connected?" },
  };
}

// Whether connection_notice.js already shows at the top of the page what went wrong.
export function isToldAbove({ status }) {
  return status === 0 || status === 401;
}

// An answer's sentence for people: a problem's detail, or the old door's error.
export function sentence(answer) {
  if (answer.status === 401 && answer.isOfSession) return "Your session has ended: sign in again in another tab, then do this again here.";
  return detail(answer);
}

// An answer without these keys is not the API's, but comes from the webserver or a proxy before it.
function detail({ status, title, body }) {
  return body?.detail || body?.error || body?.msg || `The webserver, or a proxy before it, answered ${`${status} ${title}`.trim()}.`;
}

// Of an answer that is no good: what is shown stays, and is said to be older. Fills trouble with the answer's sentence,
// unless the top of the page says it already. isShown: whether there is something below that an earlier answer brought.
// more: what to say beside the sentence if there is nothing.
export function tellUnreadable(trouble, answer, isShown, more = null) {
  fillIfChanged(trouble, !isToldAbove(answer) && notice("bad", inline(sentence(answer)), isShown ? " What is shown below is older." : more));
}

export function target({ path, query }) {
  const text = new URLSearchParams(query || {}).toString();
  return text ? `${path}?${text}` : path;
}

// Fills a path of the specification: fillPath("/dags/{dag_id}", { dag_id: "a b" }) is "/dags/a%20b".
export function fillPath(path, values) {
  return path.replace(/\{(\w+)\}/g, (placeholder, name) =>
    values[name] ? encodeURIComponent(values[name]) : placeholder,
  );
}

// Whether servers take the request's address, to which some more parameters may come.
export function hasShortAddress(request) {
  return config.root.length + target(request).length < ROOM;
}

// Answers ids in parts, each for one query with a parameter for each id: addresses are limited, and so is their number.
export function batches(ids) {
  const parts = [];
  let length = 0;
  for (const id of ids) {
    const added = encodeURIComponent(id).length + 8; // with the parameter's name
    length += added;
    if (!parts.length || length > LONGEST || parts.at(-1).length === MOST) {
      parts.push([]);
      length = added;
    }
    parts.at(-1).push(id);
  }
  return parts;
}
