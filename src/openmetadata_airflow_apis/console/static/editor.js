// A text area with line numbers, which shows the faults of a JSON document at their places.

import { button, fill, h, inline } from "./dom.js";
import { lineOf, placeOf, positions } from "./positions.js";

export class Editor {
  constructor({ label, id, onchange = () => {} }) {
    this.onchange = onchange;
    this.numbers = h("div", { class: "editor-numbers", "aria-hidden": "true" });
    this.marks = h("div", { class: "editor-marks", "aria-hidden": "true" });
    this.faults = h("div", { id: `${id}-faults`, class: "faults", role: "alert" });
    this.area = h("textarea", {
      id,
      class: "editor-area",
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      wrap: "off",
      rows: 20,
      "aria-describedby": this.faults.id,
      oninput: () => this.changed(),
      onscroll: () => this.scrolled(),
    });
    this.element = h(
      "div",
      {},
      h("label", { for: id }, label),
      h("div", { class: "editor" }, this.numbers, h("div", { class: "editor-text" }, this.marks, this.area)),
      this.faults,
    );
    this.changed();
  }

  get text() {
    return this.area.value;
  }

  set text(value) {
    this.area.value = value;
    this.area.scrollTop = 0;
    this.changed();
  }

  // Faults speak of the text that was sent; they go when it is edited.
  changed() {
    this.clear();
    this.number();
    this.onchange();
  }

  clear() {
    fill(this.faults);
    fill(this.marks);
    this.area.removeAttribute("aria-invalid");
    this.faulty = new Set();
    this.number();
  }

  // Show faults, [{ pointer, detail }], in a list and at their lines; `detail` stands for all where there are none.
  show(faults, detail) {
    const { places, error } = positions(this.text);
    const found = faults.map((fault) => ({ ...fault, place: placeOf(places, fault.pointer) }));
    if (!found.length) {
      found.push({ pointer: "", detail, place: error && { start: error.offset, end: error.offset + 1, exact: true } });
    }
    for (const fault of found) fault.line = fault.place ? lineOf(this.text, fault.place.start) : null;
    found.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
    this.faulty = new Set(found.map((fault) => fault.line));
    this.area.setAttribute("aria-invalid", "true");
    this.number();
    this.mark(found.filter((fault) => fault.place).map((fault) => fault.place));
    fill(
      this.faults,
      h("p", {}, found.length === 1 ? "1 fault. Nothing was deployed." : `${found.length} faults. Nothing was deployed.`),
      h("ul", {}, found.map((fault) => this.item(fault))),
    );
    const first = found.find((fault) => fault.place);
    if (first) this.reveal(first.line);
  }

  item(fault) {
    const text = [fault.pointer && h("code", {}, fault.pointer), fault.pointer && " ", inline(fault.detail || "")];
    if (!fault.place) return h("li", {}, text);
    const go = button(`Line ${fault.line}`, () => this.select(fault.place, fault.line), "link");
    return h("li", { "data-line": fault.line }, go, " ", text);
  }

  // Where there is no such key, the place is the beginning of what should have it.
  select(place, line) {
    this.area.focus();
    this.area.setSelectionRange(place.start, place.exact ? place.end : place.start);
    this.reveal(line);
  }

  reveal(line) {
    const height = this.area.scrollHeight / this.text.split("\n").length;
    this.area.scrollTop = Math.max(0, (line - 4) * height);
    this.scrolled();
  }

  number() {
    const lines = this.text.split("\n").length;
    fill(
      this.numbers,
      h(
        "div",
        {},
        Array.from({ length: lines }, (_, index) =>
          h("div", { class: this.faulty?.has(index + 1) ? "faulty" : null }, String(index + 1)),
        ),
      ),
    );
    this.scrolled();
  }

  // The same text behind the text area, transparent but for the faulty parts of it.
  mark(places) {
    const parts = [];
    let at = 0;
    for (const { start, end } of [...places].sort((one, other) => one.start - other.start)) {
      if (start < at) continue;
      const stop = Math.max(start + 1, Math.min(end, this.text.indexOf("\n", start) + 1 || this.text.length));
      parts.push(this.text.slice(at, start), h("mark", {}, this.text.slice(start, stop)));
      at = stop;
    }
    fill(this.marks, h("div", {}, parts, this.text.slice(at)));
    this.scrolled();
  }

  scrolled() {
    const { scrollTop, scrollLeft } = this.area;
    this.numbers.firstChild?.style.setProperty("transform", `translateY(${-scrollTop}px)`);
    this.marks.firstChild?.style?.setProperty("transform", `translate(${-scrollLeft}px, ${-scrollTop}px)`);
  }
}

// "Choose a file" for an editor.
export function filePicker(editor) {
  const input = h("input", {
    type: "file",
    accept: ".json,application/json",
    id: `${editor.area.id}-file`,
    onchange: async () => {
      if (input.files.length) editor.text = await input.files[0].text();
      input.value = "";
    },
  });
  return h("div", { class: "field" }, h("label", { for: input.id }, "Take it from a file"), input);
}
