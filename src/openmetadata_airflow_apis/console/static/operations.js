// Every operation of the specification, with a form to try it.

import { button, field, fill, h, inline, notice, prose } from "./dom.js";
import { curl } from "./curl_command.js";
import { fillPath, send } from "./http.js";
import { bodyFields, parameterField } from "./inputs.js";
import { parametersOf, operationsByTag, resolved } from "./specification.js";

const TOKEN_HINT =
  "An access token that `login` answered, or a refresh token for `refresh`. It is forgotten when this view is left.";

export function operationsView({ spec, permitted, chosen }) {
  const token = h("input", { type: "password", autocomplete: "off", spellcheck: "false" });
  const element = h(
    "section",
    {},
    h("h2", {}, "Operations"),
    h(
      "details",
      {},
      h("summary", {}, "Use a token instead of this browser’s session"),
      field("Token", token, inline(TOKEN_HINT)),
    ),
    operationsByTag(spec).map(({ name, description, operations }) =>
      h(
        "section",
        { class: "tag" },
        h("h3", {}, name),
        prose(description),
        operations.map((operation) => operationItem(spec, operation, permitted, token, operation.operationId === chosen)),
      ),
    ),
  );
  if (chosen) setTimeout(() => element.querySelector("details.operation[open]")?.scrollIntoView());
  return { element };
}

function operationItem(spec, operation, permitted, token, open) {
  const { method, path, operationId, summary } = operation;
  const content = h("div", { class: "operation-body" });
  const details = h(
    "details",
    { class: "operation", id: `operation-${operationId}`, open },
    h(
      "summary",
      {},
      h("span", { class: `method ${method.toLowerCase()}` }, method),
      h("code", { class: "path" }, path),
      h("span", { class: "summary" }, summary),
    ),
    content,
  );
  // Built when it is first opened, so that a page with every operation stays quick.
  const build = () => content.hasChildNodes() || fill(content, operationForm(spec, operation, permitted, token));
  details.addEventListener("toggle", build);
  if (open) build();
  return details;
}

function operationForm(spec, operation, permitted, token) {
  const { method, path, operationId } = operation;
  const inputs = parametersOf(spec, operation).map((parameter) => ({ parameter, ...parameterField(parameter) }));
  const content = resolved(spec, operation.requestBody)?.content;
  const body = content && bodyFields(spec, content);
  const result = h("div", { class: "outcome" });
  const command = h("pre", { tabindex: "0", "aria-label": `curl command of ${operationId}` });
  const sendButton = h("button", { class: "button primary" }, "Send");
  const isPublic = (operation.security || spec.security).length === 0;

  function request() {
    const valuesIn = (place) =>
      Object.fromEntries(
        inputs.filter(({ parameter, value }) => parameter.in === place && value() !== "").map(({ parameter, value }) => [parameter.name, value()]),
      );
    return {
      method,
      path: fillPath(path, valuesIn("path")),
      query: valuesIn("query"),
      headers: valuesIn("header"),
      token: token.value.trim(),
      ...body?.value(),
    };
  }

  function update() {
    command.textContent = curl(request(), { needsToken: !isPublic });
  }

  async function submit(event) {
    event.preventDefault();
    update();
    sendButton.disabled = true;
    fill(result, notice("", "Waiting for the answer…"));
    const answer = await send(request());
    sendButton.disabled = false;
    fill(result, answerBox(answer));
  }

  const form = h(
    "form",
    { onsubmit: submit, oninput: update, onchange: update },
    inputs.map(({ element }) => element),
    body?.element,
    offered(operationId, permitted) ? h("div", { class: "actions" }, sendButton) : notAllowed(),
    h("h4", {}, "The same with curl"),
    h("div", { class: "command" }, command, copyButton(command)),
    result,
  );
  update();
  return [h("p", { class: "operation-id" }, "Operation ", h("code", {}, operationId)), prose(operation.description), form];
}

// Operations that need no permission in Airflow (login, health; the old door checks each call) are always offered.
function offered(operationId, { guarded, operations }) {
  return !guarded.includes(operationId) || operations.includes(operationId);
}

function notAllowed() {
  return notice("", "You may not do this: Airflow’s roles decide who may.");
}

function answerBox({ ok, status, title, milliseconds, body }) {
  const text = typeof body === "string" ? body : JSON.stringify(body, null, 2);
  return [
    notice(ok ? "good" : "bad", h("strong", { class: "status" }, `${status} ${title}`), ` in ${milliseconds} ms`),
    h("pre", { class: "answer", tabindex: "0", "aria-label": "Answer" }, text),
  ];
}

function copyButton(source) {
  const copy = button("Copy", async () => {
    // Browsers offer the clipboard only on https and localhost; elsewhere the text is selected, to be copied by hand.
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(source.textContent);
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    } else {
      window.getSelection().selectAllChildren(source);
    }
  });
  return copy;
}
