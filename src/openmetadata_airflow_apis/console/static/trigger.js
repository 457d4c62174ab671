// The form that starts a run: a field for each of the DAG's params, or the configuration as JSON.

import { checkbox, field, fill, h, inline, notice, once } from "./dom.js";

// params: as get_dag answers them. trigger(body) is called with { run_id, conf } as JSON.
export function triggerForm(params, trigger) {
  const id = h("input", { type: "text", maxlength: 250, autocomplete: "off", spellcheck: "false" });
  const problem = h("div", {});
  const fields = Object.entries(params).map(([name, param]) => paramField(name, param));
  const raw = h("textarea", { rows: 5, spellcheck: "false", autocomplete: "off" });
  const advanced = h(
    "details",
    { open: fields.length === 0 },
    h("summary", {}, fields.length ? "The same as JSON, and what has no field" : "Configuration"),
    field("Configuration (a JSON object)", raw, "Tasks read it as `dag_run.conf` and `params`. What is written here holds."),
  );
  let isWritten = false; // by hand, so that the fields no longer change the text
  raw.addEventListener("input", () => {
    isWritten = raw.value.trim() !== "";
  });

  // Answers the configuration; throws an Error with a message for the reader.
  function conf() {
    if (isWritten) return parsed(raw.value, "The configuration");
    return Object.fromEntries(fields.map(({ name, value }) => [name, value()]).filter(([, value]) => value !== undefined));
  }

  function mirror() {
    if (isWritten) return;
    try {
      const configuration = conf();
      raw.value = Object.keys(configuration).length ? JSON.stringify(configuration, null, 2) : "";
    } catch {
      // half typed: submitting the form shows what is wrong
    }
  }

  const submit = once(async () => {
    fill(problem);
    let configuration;
    try {
      configuration = conf();
    } catch (error) {
      fill(problem, notice("bad", error.message));
      return;
    }
    await trigger(JSON.stringify({ ...(id.value && { run_id: id.value }), ...(Object.keys(configuration).length && { conf: configuration }) }));
  });

  mirror();
  return h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        submit();
      },
      oninput: (event) => event.target !== raw && mirror(),
      onchange: (event) => event.target !== raw && mirror(),
    },
    field("Run id", id, "Left empty, Airflow makes one up."),
    fields.map(({ element }) => element),
    advanced,
    problem,
    h("button", { class: "button primary" }, "Trigger with this"),
  );
}

// Answers { name, element, value }: value() is undefined for a param that is left at its default.
function paramField(name, { value, description, schema }) {
  const types = [schema.type].flat().filter(Boolean);
  const type = types.find((item) => item !== "null") ?? { boolean: "boolean", number: "number" }[typeof value];
  const required = value === null && types.length > 0 && !types.includes("null");
  const label = [schema.title || h("code", {}, name), required ? " (required)" : ""];
  const hint = inline([description, rangeOf(schema)].filter(Boolean).join("\u2002"));
  const differs = (newValue) => (JSON.stringify(newValue) === JSON.stringify(value) ? undefined : newValue);

  if (Array.isArray(schema.enum)) {
    const options = schema.enum.map((option, index) => h("option", { value: index }, option === null ? "none" : String(option)));
    const control = h("select", { name, required }, value === null && !schema.enum.includes(null) && h("option", { value: "" }, "choose one"), options);
    const chosen = schema.enum.findIndex((option) => JSON.stringify(option) === JSON.stringify(value));
    if (chosen >= 0) control.value = String(chosen);
    return { name, element: field(label, control, hint), value: () => (control.value === "" ? undefined : differs(schema.enum[Number(control.value)])) };
  }
  if (type === "boolean") {
    const control = h("input", { name });
    control.checked = value === true;
    const element = h("div", { class: "field" }, checkbox(schema.title || name, control), hint.length > 0 && h("div", { class: "hint" }, hint));
    return { name, element, value: () => differs(control.checked) };
  }
  if (type === "integer" || type === "number") {
    const control = h("input", { name, type: "number", required, min: schema.minimum, max: schema.maximum, step: type === "integer" ? 1 : "any", value: value ?? "" });
    return { name, element: field(label, control, hint), value: () => (control.value === "" ? undefined : differs(Number(control.value))) };
  }
  if (type === "object" || type === "array" || (type === undefined && typeof value !== "string")) {
    const control = h("textarea", { name, rows: 4, spellcheck: "false", required });
    control.value = value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
    return { name, element: field([label, " (JSON)"], control, hint), value: () => (control.value.trim() ? differs(parsed(control.value, name)) : undefined) };
  }
  const kind = { date: "date", "date-time": "text", multiline: "area" }[schema.format] || "text";
  const attributes = { name, required, maxlength: schema.maxLength, minlength: schema.minLength, value: value ?? "" };
  const control = kind === "area" ? h("textarea", { rows: 4, ...attributes }) : h("input", { type: kind, ...attributes, autocomplete: "off" });
  const suggestions = schema.examples || schema.suggested_values;
  const list = Array.isArray(suggestions) && h("datalist", { id: `console-examples-${name}` }, suggestions.map((item) => h("option", { value: String(item) })));
  if (list) control.setAttribute("list", list.id);
  const empty = () => (value === null ? undefined : differs(""));
  return { name, element: h("div", {}, field(label, control, hint), list), value: () => (control.value === "" ? empty() : differs(control.value)) };
}

function rangeOf({ minimum, maximum, format }) {
  if (format === "date-time") return "As `2024-01-31T09:00:00+00:00`.";
  if (minimum !== undefined && maximum !== undefined) return `From ${minimum} to ${maximum}.`;
  if (minimum !== undefined) return `At least ${minimum}.`;
  return maximum === undefined ? "" : `At most ${maximum}.`;
}

function parsed(text, subject) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${subject} is not JSON: ${error.message}`);
  }
  return value;
}
