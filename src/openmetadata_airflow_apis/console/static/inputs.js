// Inputs for parameters and request bodies, by the types in the specification.

import { field, fill, h, inline } from "./dom.js";
import { resolved } from "./specification.js";

// Answers { element, value }: value() is the text to send, "" for nothing.
export function parameterField(parameter) {
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

// Answers { element, value }: value() is { body } or { form } as send() takes them.
export function bodyFields(spec, content) {
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
