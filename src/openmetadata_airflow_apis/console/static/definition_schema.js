// What the JSON Schema of workflow definitions says about a place in a definition.

import { config } from "./http.js";

let loaded = null;

// Resolves to the schema and the installed operators, which are read once while the page is open.
export async function loadSchema() {
  loaded ??= Promise.all([read(config.schema_url), read(config.operators_url)]);
  try {
    const [schema, { operators }] = await loaded;
    return { schema, operators };
  } catch (error) {
    loaded = null; // the next call reads again
    throw error;
  }
}

async function read(address) {
  const response = await fetch(address, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}

// The schema of the place that a path of keys leads to, null if there is none. The document can be a request, a flat
// body, or a file of DAGs by their names.
export function schemaAt({ definitions }, path, text) {
  const resolve = (node) => (node?.$ref ? definitions[node.$ref.split("/").at(-1)] : node);
  let node = root(definitions, path, text);
  for (const part of path) {
    node = resolve(node);
    if (!node) return null;
    if (typeof part === "number") node = node.items;
    else node = node.properties?.[part] ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : null);
  }
  return resolve(node) ?? null;
}

function root(definitions, path, text) {
  if (path[0] === "workflow" || /^\s*\{?\s*["']?workflow["']?\s*:/.test(text)) return definitions.WorkflowRequest;
  if (/(^|[\s{,])["']?startDate["']?\s*:/.test(text)) return definitions.FlatWorkflow;
  if (/^\s*\{?\s*$/.test(text)) return definitions.WorkflowRequest;
  return { additionalProperties: definitions.WorkflowDag, properties: {} };
}

// What may be written at a place: [{ label, detail, info, isKey, isBare, boost }]. taken: keys that are there already.
export function choices({ schema, operators }, { path, wants }, text, taken = []) {
  const node = schemaAt(schema, path, text);
  if (wants === "key" || (wants === "item" && node?.properties)) {
    return Object.entries(node?.properties ?? {})
      .filter(([key]) => !taken.includes(key))
      .map(([key, property]) => ({ label: key, detail: typeOf(property), info: property.description, isKey: true, boost: node.required?.includes(key) ? 2 : 0 }));
  }
  if (path.at(-1) === "operator") {
    return operators.map((label) => ({ label, detail: label.startsWith("airflow.providers.") ? label.split(".")[2] : "" }));
  }
  const values = node?.enum ?? (node?.type === "boolean" || node?.type?.includes?.("boolean") ? [true, false] : node?.examples ?? []);
  return values.filter((value) => value === null || typeof value !== "object").map((value) => ({ label: String(value), isBare: typeof value !== "string" }));
}

// The types of a schema in words.
export function typeOf(node) {
  const { type } = node;
  if (node.enum) return "one of a few words";
  if (Array.isArray(type)) return type.filter((name) => name !== "null").join(" or ");
  return type ?? (node.$ref ? "object" : "");
}
