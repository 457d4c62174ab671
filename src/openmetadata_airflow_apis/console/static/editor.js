// The editor of the view Deploy: CodeMirror, or a plain text area if that can't be loaded; which part of the text a fault is
// about, by the line and the column that the server answers; and files that are chosen, or dropped on the editor.

import { h } from "./dom.js";

const TEXT = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'`;
const WORD = new RegExp(`^(?:${TEXT}|[^\\s:,{}[\\]]+)(?:\\s*:\\s+(?:${TEXT}|[^\\s"'{[|>&#,}\\]][^#,}\\]]*))?`);

// Resolves to { element, text, mark(faults), select(fault), destroy() }; setting text replaces all of it.
export async function textEditor(options) {
  try {
    return (await import("./codemirror_editor.js")).codeEditor(options);
  } catch {
    return plainEditor(options);
  }
}

function plainEditor({ labelId, faultsId, onchange }) {
  const area = h("textarea", {
    class: "editor-area",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    wrap: "off",
    "aria-labelledby": labelId,
    "aria-describedby": faultsId,
    oninput: onchange,
  });
  return {
    element: h("div", { class: "editor" }, area),
    get text() {
      return area.value;
    },
    set text(value) {
      area.value = value;
      onchange();
    },
    mark: (faults) => area.setAttribute("aria-invalid", String(faults.length > 0)),
    select(fault) {
      const { from, to } = rangeOf(area.value, fault);
      area.focus();
      area.setSelectionRange(from, to);
    },
    destroy: () => {},
  };
}

export function isJson(text) {
  return text.trimStart().startsWith("{");
}

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

// The field "Take it from a file". load(text) is called with the file's content.
export function filePicker(load) {
  const input = h("input", {
    type: "file",
    accept: ".json,.yaml,.yml,application/json,application/yaml",
    id: "definition-file",
    onchange: async () => {
      const [file] = input.files;
      const text = file && (await file.text());
      input.value = "";
      if (file) await load(text);
    },
  });
  return h("div", { class: "field" }, h("label", { for: input.id }, "Take it from a file"), input);
}

// Makes an element accept a dropped file; the editor itself would insert the file's text where it was dropped.
export function droppable(element, load) {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  const over = (isOver) => (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    event.stopPropagation();
    element.classList.toggle("dropping", isOver);
  };
  element.addEventListener("dragover", over(true), true);
  element.addEventListener("dragleave", over(false), true);
  element.addEventListener(
    "drop",
    async (event) => {
      if (!isFile(event)) return;
      over(false)(event);
      const [file] = event.dataTransfer.files;
      if (file) await load(await file.text());
    },
    true,
  );
  return element;
}
