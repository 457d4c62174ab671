// The editor of the view Deploy: CodeMirror, or a plain text area if that can't be loaded.

import { h } from "./dom.js";
import { rangeOf } from "./fault_range.js";

// Resolves to { element, text, mark(faults), select(fault), destroy() }; setting text replaces all of it.
export async function textEditor(options) {
  try {
    return (await import("./code_editor.js")).codeEditor(options);
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
