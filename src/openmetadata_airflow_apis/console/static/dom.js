// Building the page's nodes. Text is always set as text: nothing that the API answers is read as HTML.

// h("button", { class: "primary", onclick: run, disabled: busy }, "Run") makes an element.
// Attributes and children that are null, undefined or false are left out.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

// Fills an element unless it has equal nodes already, so that an alert is not said again, and what is focused or selected stays.
export function fillIfChanged(element, ...children) {
  const other = element.cloneNode(false);
  fill(other, ...children);
  if (!other.isEqualNode(element)) element.replaceChildren(...other.childNodes);
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// The little Markdown that the specification uses: paragraphs, `code` and **strong**.
export function prose(text) {
  return (text || "")
    .trim()
    .split(/\n\s*\n/)
    .filter(Boolean)
    .map((paragraph) => h("p", {}, inline(paragraph)));
}

export function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`") && part.length > 2) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}

// Airflow's own script rewrites <time> when somebody picks another time zone in the navigation.
export function time(iso) {
  if (!iso) return h("span", { class: "muted" }, "–");
  const text = window.moment ? window.moment(iso).format("YYYY-MM-DD, HH:mm:ss z") : iso;
  return h("time", { datetime: iso }, text);
}

// Seconds in words, such as "12 s" or "1 h 5 min".
export function duration(value) {
  if (value < 59.5) return `${value.toFixed(value < 9.95 ? 1 : 0)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// A state in its colour. word: shown in place of the state's name.
export function state(name, word = name || "no status") {
  return h("span", { class: "state", "data-state": name || "none" }, word);
}

let counter = 0;

// A label above its control. `hint` may be text or nodes.
export function field(label, control, hint) {
  counter += 1;
  control.id = control.id || `console-field-${counter}`;
  const hintElement = hint ? h("div", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (hintElement) control.setAttribute("aria-describedby", hintElement.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hintElement);
}

export function checkbox(label, control) {
  control.type = "checkbox";
  return h("label", { class: "choice" }, control, " ", label);
}

// A press is ignored while what the one before began goes on: see once().
export function button(label, onclick, kind = "", attributes = {}) {
  return h("button", { type: "button", class: `button ${kind}`, onclick: once(onclick), ...attributes }, label);
}

// Answers a function that does nothing while the promise of its last call is pending, so that a double click does a thing once.
export function once(act) {
  let isPending = false;
  return async (...values) => {
    if (isPending) return;
    isPending = true;
    try {
      await act(...values);
    } finally {
      isPending = false;
    }
  };
}

// Focuses a control that had the focus before, or what has been built in its place since, unless something else has it.
export function focusAgain(control) {
  if (document.activeElement && document.activeElement !== document.body) return;
  const { key } = control?.dataset ?? {};
  if (control?.isConnected) control.focus();
  else if (key) [...document.querySelectorAll("#rest-api [data-key]")].find((node) => node.dataset.key === key)?.focus();
}

// What happened, said aloud by screen readers. kind: "good", "bad" or "".
export function notice(kind, ...children) {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, ...children);
}

// Asks before something is done. explanation: a sentence or nodes. Resolves to whether it was confirmed.
export function confirm(title, explanation, action, kind = "danger") {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "console-dialog-title" },
      h("h2", { id: "console-dialog-title" }, title),
      typeof explanation === "string" ? h("p", {}, inline(explanation)) : explanation,
      h(
        "form",
        { method: "dialog", class: "actions" },
        h("button", { class: "button", value: "cancel", autofocus: true }, "Cancel"),
        h("button", { class: `button ${kind}`, value: "confirm" }, action),
      ),
    );
    const opener = document.activeElement;
    dialog.addEventListener("close", () => {
      dialog.remove();
      focusAgain(opener);
      resolve(dialog.returnValue === "confirm");
    });
    document.querySelector("#rest-api").append(dialog);
    dialog.showModal();
  });
}

const builtOpen = new WeakMap(); // details → whether it was built unfolded

// Fills an element again; the focus stays on the control with the same data-key, or on the summary of such details, and
// details stay unfolded, or folded if their reader has folded them; others unfold where they are built so. If that control
// is gone or can't be pressed any more, the focus goes to one beside it, or else to the element.
export function refill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const isSummary = focused?.tagName === "SUMMARY";
  const key = (isSummary ? focused.parentElement : focused)?.dataset.key;
  const allDetails = () => [...element.querySelectorAll("details[data-key]")];
  const before = new Map(allDetails().map((details) => [details.dataset.key, { open: details.open, isTurned: details.open !== builtOpen.get(details) }]));
  fill(element, ...children);
  for (const details of allDetails()) {
    const old = before.get(details.dataset.key);
    builtOpen.set(details, details.open);
    if (old) details.open = old.open || (details.open && !old.isTurned);
  }
  if (!key) return;
  const node = [...element.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === key);
  const control = isSummary ? node?.querySelector("summary") : node;
  const target = control?.disabled ? control.parentElement.querySelector("button:enabled, a[href]") : control;
  if (!target) element.tabIndex = -1;
  (target ?? element).focus({ preventScroll: !target });
}

// A table that a phone shows as cards, so that each cell has its column's name. empty: shown if there are no rows.
export function table(label, columns, rows, { empty }) {
  if (!rows.length) return h("p", { class: "muted" }, empty);
  const head = columns.map((name) => h("th", { scope: "col" }, name));
  const body = rows.map((cells) =>
    h("tr", {}, cells.map((cell, index) => h("td", { "data-label": columns[index] }, h("div", {}, cell)))),
  );
  return h("table", { class: "table cards", "aria-label": label }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body));
}
