// The filters and the order of the list of DAGs, as its reader chooses them.

import { field, fill, h } from "./dom.js";

const SHOWN = {
  "": ["All", {}],
  failed_run: ["Last run failed", { last_dag_run_state: "failed" }],
  unfinished_run: ["Running now", { last_dag_run_state: "running" }],
  on: ["On", { paused: "false" }],
  paused: ["Paused", { paused: "true" }],
  failed: ["Cannot be loaded", { state: "failed" }],
  pending: ["Being read", { state: "pending" }],
  damaged: ["Damaged", { state: "damaged" }],
};
const ORDERS = {
  "": "Name",
  "-dag_id": "Name, from Z",
  "-last_run_start_date": "Last run, newest first",
  next_dagrun: "Next run, soonest first",
  last_run_state: "State of the last run",
};
const TYPING = 300;

export function queryOf({ text, show, tag, order }) {
  return {
    ...(text && { dag_id_pattern: text }),
    ...SHOWN[show][1],
    ...(tag && { tags: tag }),
    ...(order && { order_by: order }),
  };
}

export function isFiltered({ text, show, tag }) {
  return Boolean(text || show || tag);
}

// Answers { element, update, clear, offerTags }. What the reader types or chooses is written to `filter`; then changed()
// is called.
export function filterForm(filter, changed) {
  let timer = null;
  const takeSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(take, TYPING);
  };
  const options = (names) => Object.entries(names).map(([value, name]) => h("option", { value }, [name].flat()[0]));
  const suggested = h("datalist", { id: "console-tags" });
  const controls = {
    text: h("input", { type: "search", oninput: takeSoon, autocomplete: "off", spellcheck: "false", maxlength: 250 }),
    show: h("select", { onchange: take }, options(SHOWN)),
    tag: h("input", { type: "search", oninput: takeSoon, list: suggested.id, autocomplete: "off", maxlength: 250 }),
    order: h("select", { onchange: take }, options(ORDERS)),
  };

  function take() {
    clearTimeout(timer);
    let differs = false;
    for (const [name, control] of Object.entries(controls)) {
      const value = control.value.trim();
      differs = differs || value !== filter[name];
      filter[name] = value;
    }
    if (differs) changed();
  }

  function update() {
    for (const [name, control] of Object.entries(controls)) control.value = filter[name];
  }

  function clear() {
    Object.assign(filter, { text: "", show: "", tag: "" });
    update();
    changed();
  }

  function offerTags(names) {
    fill(suggested, [...new Set(names)].sort().map((name) => h("option", { value: name })));
  }

  update();
  const element = h(
    "form",
    {
      class: "inline-form filter",
      role: "search",
      "aria-label": "Deployed DAGs",
      onsubmit: (event) => {
        event.preventDefault();
        take();
      },
    },
    field("Name has", controls.text),
    field("Show", controls.show),
    field("Tag", controls.tag),
    field("Order", controls.order),
    suggested,
  );
  return { element, update, clear, offerTags };
}
