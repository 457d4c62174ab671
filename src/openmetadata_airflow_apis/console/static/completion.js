// What the editor offers as somebody writes, and explains under the pointer: keys, words of the format, installed
// operators, from the JSON Schema of definitions and the place in a document that may be unfinished.

import { h, prose } from "./dom.js";
import { isJson } from "./editor.js";
import { config } from "./session.js";

const WORD = /[\w.@-]*/;

// What the editor offers at the cursor, as CodeMirror takes it.
export async function complete(context) {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  const begunWord = text.slice(place.from, context.pos);
  if (!context.explicit && !begunWord) return null;
  const quoted = isJson(text);
  const schemaAndOperators = await loadSchema();
  const options = choices(schemaAndOperators, place, text).map((choice) => ({
    label: choice.label,
    detail: choice.detail,
    info: choice.info && (() => h("div", { class: "editor-info" }, prose(choice.info))),
    boost: choice.boost,
    type: choice.isKey ? "property" : "constant",
    apply: (view, _, from, to) => insert(view, choice, { quoted, from: /^["']/.test(view.state.sliceDoc(from - 1, from)) ? from - 1 : from, to }),
  }));
  if (!options.length) return null;
  return { from: place.from + (/^["']/.test(begunWord) ? 1 : 0), options, validFor: /^[\w.@-]*$/ };
}

// Puts a key or a value, with the quotes and the colon that it needs, in place of the begun word and its closing quote.
function insert(view, { label, isKey, isBare }, { quoted, from, to }) {
  const textAfter = view.state.sliceDoc(to, to + 200);
  const closing = /^[\w.@-]*["']?/.exec(textAfter)[0].length;
  const isKeyed = /^\s*:/.test(textAfter.slice(closing));
  const needsQuotes = quoted ? !isBare : !isKey && !isBare && /^[@*&!%]|^$|: /.test(label);
  const word = needsQuotes ? JSON.stringify(label) : label;
  const text = isKey && !isKeyed ? `${word}: ` : word;
  view.dispatch({ changes: { from, to: to + closing, insert: text }, selection: { anchor: from + text.length }, userEvent: "input.complete" });
}

// What the pointer over a key or a value shows.
export async function explain(view, position) {
  const line = view.state.doc.lineAt(position);
  let start = position - line.from;
  while (start > 0 && /[\w.@-]/.test(line.text[start - 1])) start -= 1;
  const [word] = WORD.exec(line.text.slice(start));
  if (!word) return null;
  const text = view.state.doc.toString();
  const { path, wants } = placeAt(text, line.from + start);
  const { schema } = await loadSchema();
  const isKey = wants === "key" || (wants === "item" && /^["']?\s*:/.test(line.text.slice(start + word.length)));
  const node = schemaAt(schema, isKey ? [...path, word] : path, text);
  if (!node?.description) return null;
  const name = isKey ? word : String(path.at(-1));
  return {
    pos: line.from + start,
    end: line.from + start + word.length,
    above: true,
    create: () => ({ dom: h("div", { class: "editor-info" }, h("p", {}, h("strong", {}, name), " ", h("span", { class: "muted" }, typeOf(node))), prose(node.description)) }),
  };
}

let loaded = null;

// Resolves to the schema and the installed operators, which are read once while the page is open.
async function loadSchema() {
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
function schemaAt({ definitions }, path, text) {
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
function choices({ schema, operators }, { path, wants }, text, taken = []) {
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
function typeOf(node) {
  const { type } = node;
  if (node.enum) return "one of a few words";
  if (Array.isArray(type)) return type.filter((name) => name !== "null").join(" or ");
  return type ?? (node.$ref ? "object" : "");
}

// The place where somebody writes in an unfinished document: the keys around it, and whether a key or a value is
// expected. A syntax tree can't say that before the document is complete. Answers { path, wants, from }. path: the keys
// and indexes around the place, and for a value its own key. wants: "key", "value", or "item" for a list's item, which
// can be either. from: the offset where the word being written begins.
function placeAt(text, offset) {
  return isJson(text) ? inJson(text.slice(0, offset)) : inYaml(text.slice(0, offset));
}

function inJson(before) {
  const openBrackets = []; // { isMap, key, index, wants } of each brace and bracket that is not closed yet
  const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g;
  let lastToken = null;
  for (let match = token.exec(before); match; match = token.exec(before)) {
    lastToken = { text: match[0], at: match.index };
    const enclosing = openBrackets.at(-1);
    if (lastToken.text === "{") openBrackets.push({ isMap: true, key: null, wants: "key" });
    else if (lastToken.text === "[") openBrackets.push({ isMap: false, index: 0, wants: "value" });
    else if (lastToken.text === "}" || lastToken.text === "]") openBrackets.pop();
    else if (lastToken.text === "," && enclosing) Object.assign(enclosing, enclosing.isMap ? { wants: "key", key: null } : { index: enclosing.index + 1 });
    else if (lastToken.text === ":" && enclosing) enclosing.wants = "value";
    else if (enclosing?.isMap && enclosing.wants === "key") enclosing.key = unquoted(lastToken.text);
  }
  const isWord = lastToken && !"{}[],:".includes(lastToken.text) && lastToken.at + lastToken.text.length === before.length && !isClosed(lastToken.text);
  const enclosing = openBrackets.at(-1);
  const wants = enclosing ? enclosing.wants : "value";
  const path = openBrackets.map(({ isMap, key, index }) => (isMap ? key : index));
  if (wants === "key") path.pop();
  return { path, wants, from: isWord ? lastToken.at : before.length };
}

function isClosed(word) {
  return word.length > 1 && word.startsWith('"') && /[^\\](\\\\)*"$/.test(word);
}

function unquoted(word) {
  try {
    return JSON.parse(word);
  } catch {
    return word.replaceAll('"', "");
  }
}

const KEY = /^("[^"]*"|'[^']*'|[^\s#'"{}[\],&*!|>%@`-][^#:]*?)\s*:(?:\s+(.*)|)$/;

function inYaml(before) {
  const lines = before.split("\n");
  const here = parsed(lines.pop());
  const path = [];
  let limit = here.column; // lines that begin further left are around it
  let isItem = false; // a list may begin as far left as its key

  function climb({ dashes, column, key, value }, isHere) {
    const holds = isHere || !value || /^[#&!|>]/.test(value);
    if (key !== null && holds && (isHere || column < limit || (isItem && column === limit))) {
      path.unshift(key);
      limit = column;
      isItem = false;
    }
    for (const dash of [...dashes].reverse()) {
      if (dash >= limit) continue;
      path.unshift(0);
      limit = dash;
      isItem = true;
    }
  }

  climb(here, true);
  for (const line of lines.reverse()) {
    if (limit === 0 && !isItem) break;
    if (line.trim() && !line.trimStart().startsWith("#")) climb(parsed(line), false);
  }
  const word = here.key === null ? here.text : here.value;
  const wants = here.key === null ? (here.dashes.length ? "item" : "key") : "value";
  return { path, wants, from: before.length - word.length };
}

// Answers the columns of a line's dashes and of the text after them, and its key and value if it has a key.
function parsed(line) {
  const dashes = [];
  let column = /^ */.exec(line)[0].length;
  while (/^- /.test(line.slice(column)) || line.slice(column) === "-") {
    dashes.push(column);
    column += 1 + /^ */.exec(line.slice(column + 1))[0].length;
  }
  const text = line.slice(column);
  const match = KEY.exec(text);
  return { dashes, column, text, key: match ? match[1].replace(/^["']|["']$/g, "") : null, value: match ? (match[2] ?? "") : null };
}
