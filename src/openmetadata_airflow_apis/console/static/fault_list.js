// The faults of a text as a list, each with a button that leads to its line.

import { button, fill, h, inline } from "./dom.js";

// Answers { element, show, clear }. go(fault) is called when the button of a fault's line is pressed.
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

// Answers { from, to }, the range of a fault in a text: of a key with its value, or without it if that is a whole block.
export function rangeOf(text, { line, column }) {
  const lines = text.split("\n");
  const index = Math.min(line ?? 1, lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, { length }) => sum + length + 1, 0);
  const lineText = lines[index];
  // A column counts characters, some of which are two units of a JavaScript text.
  const offset = Math.min([...lineText].slice(0, (column ?? 1) - 1).join("").length, Math.max(0, lineText.trimEnd().length - 1));
  const word = WORD.exec(lineText.slice(offset));
  const end = offset + (word ? word[0].trimEnd().length : 1);
  return { from: start + offset, to: start + Math.min(end, Math.max(lineText.length, offset)) };
}
