// The page: three views behind the links in its navigation, chosen by the address's fragment.
// #dags, #dags/DAG_ID, #dags/DAG_ID/RUN_ID, #history/DAG_ID, #deploy, #operations, #operations/OPERATION_ID

import { dagView } from "./dag.js";
import { dagsView } from "./dags.js";
import { deployView } from "./deploy.js";
import { fill, h, notice } from "./dom.js";
import { historyView } from "./history.js";
import { config, permissions } from "./http.js";
import { operationsView } from "./operations.js";

const VIEWS = { dags: "Deployed DAGs", deploy: "Deploy", operations: "Operations" };

const root = document.querySelector("#rest-api");
const navigation = root.querySelector("nav");
const stage = root.querySelector(".stage");
let view = null;
let draft = null;

async function start() {
  // Flask-AppBuilder's page names no language, which screen readers need.
  document.documentElement.lang = document.documentElement.lang || "en";
  const [answer, permitted] = await Promise.all([fetch(config.specification_url), permissions()]);
  const spec = await answer.json();
  const show = () => open(spec, permitted);
  window.addEventListener("hashchange", show);
  show();
}

function open(spec, permitted) {
  const [name, ...rest] = window.location.hash.slice(1).split("/").map(decoded);
  const isHistory = name === "history" && rest[0];
  const current = name in VIEWS ? name : "dags";
  fill(
    navigation,
    Object.entries(VIEWS).map(([key, label]) =>
      h("a", { href: `#${key}`, "aria-current": key === current ? "page" : null }, label),
    ),
  );
  draft = view?.draft?.() ?? draft;
  view?.leave?.();
  view = isHistory ? historyView({ dagId: rest[0] }) : make(current, rest, spec, permitted);
  fill(stage, view.element);
  // A keyboard or screen reader goes on where the view begins, not where the link was.
  if (current === name || isHistory) stage.focus({ preventScroll: true });
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // an address that somebody typed
  }
}

function make(name, [first, second], spec, permitted) {
  if (name === "deploy") return deployView({ spec, permitted, draft });
  if (name === "operations") return operationsView({ spec, permitted, chosen: first });
  return first ? dagView({ dagId: first, runId: second, edit }) : dagsView();
}

// A definition as the API answers it is without the wrapping that a request has; the flat body has none.
function edit(definition) {
  const request = definition.dag_config ? { workflow: definition } : definition;
  draft = `${JSON.stringify(request, null, 2)}\n`;
  window.location.hash = "#deploy";
}

start().catch((error) => fill(stage, notice("bad", `The page could not be built: ${error.message}`)));
