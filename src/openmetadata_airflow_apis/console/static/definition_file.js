// Reads a definition from a file that is chosen, or dropped on the editor.

import { h } from "./dom.js";

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
