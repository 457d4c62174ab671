// The faults of a text as a list, each with a button that leads to its line.

import { button, fill, h, inline } from "./dom.js";

// Answers { element, show }. go(fault) is called when the button of a fault's line is pressed.
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

  return { element, show };
}
