// The faults of a text as a list, each with a button that leads to its line.

import { button, fill, h, inline } from "./dom.js";

// Answers { element, show, clear }: go(fault) is called with a fault that has a line.
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

  return { element, show, clear: () => fill(element) };
}

const TEXT = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'`;
const WORD = new RegExp(`^(?:${TEXT}|[^\\s:,{}[\\]]+)(?:\\s*:\\s+(?:${TEXT}|[^\\s"'{[|>&#,}\\]][^#,}\\]]*))?`);

// Where a fault's line and column are in a text: { from, to }, of a key with its value, where that is not a whole block.
export function rangeOf(text, { line, column }) {
  const lines = text.split("\n");
  const index = Math.min(line ?? 1, lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, { length }) => sum + length + 1, 0);
  const here = lines[index];
  // A column counts letters, of which some are two units of a JavaScript text.
  const at = Math.min([...here].slice(0, (column ?? 1) - 1).join("").length, Math.max(0, here.trimEnd().length - 1));
  const word = WORD.exec(here.slice(at));
  const end = at + (word ? word[0].trimEnd().length : 1);
  return { from: start + at, to: start + Math.min(end, Math.max(here.length, at)) };
}
