// Every operation of the specification, with a form to try it: an input for each parameter, the body; sent with the session
// or a token.

import { button, field, fill, h, inline, notice, prose } from "./dom.js";
import { curl } from "./curl_command.js";
import { fillPath, send } from "./http.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
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

// The input of a parameter, by its type. Answers { element, value }: value() is the text to send, "" for nothing.
function parameterField(parameter) {
  const { name, required, description, schema } = parameter;
  const control = controlOf(schema, parameter);
  const label = [h("code", {}, name), required ? " (required)" : ""];
  return { element: field(label, control, hint(description, schema)), value: () => control.value };
}

function controlOf(schema, { name, required, example }) {
  const common = { name, required: required === true };
  const options = schema.type === "boolean" ? ["true", "false"] : schema.enum;
  if (options) {
    return h(
      "select",
      common,
      !required && h("option", { value: "" }, unset(schema)),
      options.map((option) => h("option", {}, option)),
    );
  }
  if (schema.type === "integer" || schema.type === "number") {
    const step = schema.type === "integer" ? 1 : "any";
    return h("input", { ...common, type: "number", min: schema.minimum, max: schema.maximum, step, placeholder: schema.default });
  }
  const maxlength = schema.maxLength;
  return h("input", { ...common, type: "text", maxlength, placeholder: example, spellcheck: "false", autocomplete: "off" });
}

function unset({ default: value }) {
  return value === undefined ? "not given" : `not given (${value})`;
}

function hint(description, schema) {
  const range = schema.maximum !== undefined && schema.type === "integer" && schema.maximum < 2 ** 31 - 1;
  const text = (description || "").trim();
  return inline(range ? `${text} From ${schema.minimum ?? 0} to ${schema.maximum}.` : text);
}

// The inputs of a body. Answers { element, value }: value() is { body } or { form } as send() takes them.
function bodyFields(spec, content) {
  const types = Object.keys(content);
  const makers = types.map((type) =>
    type === "application/json" ? jsonBody(content[type]) : formBody(resolved(spec, content[type].schema)),
  );
  // Of several form types one is enough: all have the same fields, which are sent as URLSearchParams.
  const kinds = types[0] === "application/json" && types.length > 1 ? [0, 1] : [0];
  let current = 0;
  const place = h("div", {}, makers[0].element);
  const choice = h(
    "select",
    {
      onchange: () => {
        current = Number(choice.value);
        fill(place, makers[current].element);
      },
    },
    kinds.map((index) => h("option", { value: index }, index === 0 ? "JSON" : "Form fields")),
  );
  return {
    element: h("div", {}, kinds.length > 1 && field("Body as", choice), place),
    value: () => makers[current].value(),
  };
}

function jsonBody({ example }) {
  const text = example === undefined ? "" : JSON.stringify(example, null, 2);
  const control = h("textarea", { rows: Math.min(18, text.split("\n").length + 1), spellcheck: "false", autocomplete: "off" });
  control.value = text;
  return { element: field("Body (JSON)", control), value: () => ({ body: control.value.trim() ? control.value : undefined }) };
}

function formBody(schema) {
  const inputs = Object.entries(schema.properties).map(([name, property]) =>
    parameterField({ name, description: property.description, schema: property }),
  );
  const names = Object.keys(schema.properties);
  return {
    element: h("div", {}, inputs.map(({ element }) => element)),
    value: () => {
      const filledFields = inputs.map(({ value }, index) => [names[index], value()]).filter(([, value]) => value !== "");
      return { form: Object.fromEntries(filledFields) };
    },
  };
}

function operationsByTag(spec) {
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      ...item[method],
      path,
      method: method.toUpperCase(),
      shared: item.parameters || [],
    })),
  );
  return spec.tags
    .map((tag) => ({ ...tag, operations: operations.filter((operation) => operation.tags.includes(tag.name)) }))
    .filter((tag) => tag.operations.length);
}

function parametersOf(spec, operation) {
  return [...operation.shared, ...(operation.parameters || [])].map((parameter) => resolved(spec, parameter));
}

// The value that a `$ref` points to; any other value as it is.
function resolved(spec, value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((node, key) => node[key], spec);
}
