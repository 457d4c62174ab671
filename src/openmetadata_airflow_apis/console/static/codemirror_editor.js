// The editor with highlighting, completion, hover and underlined faults: CodeMirror, by the names of the import map.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

import { complete, explain } from "./completion.js";
import { h } from "./dom.js";
import { isJson, rangeOf } from "./editor.js";

// Answers what textEditor() in editor.js resolves to.
export function codeEditor({ labelId, faultsId, onchange }) {
  const language = new Compartment();
  let isInvalid = false;
  let inJson = true;
  const view = new EditorView({
    extensions: [
      lineNumbers(),
      lintGutter(),
      foldGutter(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      highlightSelectionMatches(),
      autocompletion({ override: [complete], icons: false }),
      hoverTooltip(explain),
      syntaxHighlighting(classHighlighter),
      // Tab is left to the browser, which moves to the next field; Mod-] and Mod-[ indent.
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap]),
      language.of(json()),
      EditorView.contentAttributes.of(() => ({
        "aria-labelledby": labelId,
        "aria-describedby": faultsId,
        "aria-invalid": String(isInvalid),
        tabindex: "0",
        autocapitalize: "off",
      })),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        highlight(update.state.doc.toString());
        onchange();
      }),
    ],
  });

  // Highlights the text as JSON or YAML, whichever it is now.
  function highlight(text) {
    if (inJson === isJson(text) || !text.trim()) return;
    inJson = !inJson;
    queueMicrotask(() => view.dispatch({ effects: language.reconfigure(inJson ? json() : yaml()) }));
  }

  return {
    element: h("div", { class: "editor" }, view.dom),
    get text() {
      return view.state.doc.toString();
    },
    set text(value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value }, selection: { anchor: 0 }, scrollIntoView: true });
    },
    // faults: [{ line, column, detail }]; those without a line are not shown in the text.
    mark(faults) {
      isInvalid = faults.length > 0;
      const diagnostics = faults
        .filter(({ line }) => line)
        .map((fault) => ({ ...rangeOf(this.text, fault), severity: "error", message: fault.detail }));
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    select(fault) {
      const { from, to } = rangeOf(this.text, fault);
      view.focus();
      view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    },
    destroy: () => view.destroy(),
  };
}
