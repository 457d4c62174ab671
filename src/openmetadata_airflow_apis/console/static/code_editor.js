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

import { isJson, placeAt } from "./cursor_place.js";
import { choices, loadSchema, schemaAt, typeOf } from "./definition_schema.js";
import { h, prose } from "./dom.js";
import { rangeOf } from "./fault_range.js";

const WORD = /[\w.@-]*/;

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

async function complete(context) {
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

async function explain(view, position) {
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
