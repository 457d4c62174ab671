// The page: views behind the links in its navigation, chosen by the address's fragment.
// #dags, #dags/DAG_ID, #dags/DAG_ID/RUN_ID, #dags/DAG_ID/RUN_ID/TASK_ID, #history/DAG_ID, #deploy, #operations, #operations/OPERATION_ID
// The list is what most people come for: the other views, and the specification, are loaded when they are opened.

import { whenSignedInAgain } from "./connection.js";
import { dagsView } from "./dags.js";
import { button, fill, h, notice } from "./dom.js";
import { config, permissions, send, sentence } from "./http.js";

const VIEWS = { dags: "Deployed DAGs", deploy: "Deploy", operations: "Operations" };

const root = document.querySelector("#rest-api");
const navigation = root.querySelector("nav");
const stage = root.querySelector(".stage");
let view = null;
let draft = null;
const base = {}; // what the draft was begun from, or was deployed as last: { dagId, revision, versionNumber }
let specification = null;
let opened = 0;
let isBroken = false; // the view that was asked for could not be built

async function show() {
  opened += 1;
  const thisOpening = opened;
  const [name, ...rest] = window.location.hash.slice(1).split("/").map(decoded);
  const isHistory = name === "history" && Boolean(rest[0]);
  const current = name in VIEWS ? name : "dags";
  fill(
    navigation,
    Object.entries(VIEWS).map(([key, label]) =>
      (key !== "deploy" || config.may_deploy) && h("a", { href: `#${key}`, "aria-current": key === current ? "page" : null }, label),
    ),
  );
  draft = view?.draft?.() ?? draft;
  view?.leave?.();
  isBroken = false;
  view = null;
  try {
    const made = await make(isHistory ? "history" : current, rest);
    if (thisOpening !== opened) {
      made.leave?.();
      return;
    }
    view = made;
    fill(stage, view.element);
    // A keyboard or screen reader goes on where the view begins, not where the link was.
    if (current === name || isHistory) stage.focus({ preventScroll: true });
  } catch (error) {
    if (thisOpening !== opened) return;
    isBroken = true;
    fill(stage, notice("bad", `This could not be shown: ${error.message} `, button("Try again", show)));
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // an address that somebody typed
  }
}

async function make(name, [first, second, third]) {
  if (name === "history") return (await import("./history.js")).historyView({ dagId: first });
  if (name === "dags" && !first) return dagsView();
  if (name === "dags") return (await import("./dag.js")).dagView({ dagId: first, runId: second, taskId: third, edit, again: show });
  const [spec, permitted, { deployView }, { operationsView }] = await Promise.all([
    specified(),
    permissions(),
    import("./deploy.js"),
    import("./operations.js"),
  ]);
  if (!permitted.isKnown) throw new Error("it is not known what you may do.");
  if (name === "deploy") return deployView({ spec, permitted, draft, base });
  return operationsView({ spec, permitted, chosen: first });
}

async function specified() {
  if (specification) return specification;
  const answer = await send({ method: "GET", path: "/rest_api/api/openapi.json" });
  if (!answer.ok) throw new Error(sentence(answer));
  specification = answer.body;
  return specification;
}

// The editor begins with what is deployed, and knows what that was.
// A definition as the API answers it is without the wrapping that a request has; the flat body has none.
function edit({ dag_id: dagId, definition, revision, version_number: versionNumber }) {
  Object.assign(base, { dagId, revision, versionNumber });
  const request = definition.dag_config ? { workflow: definition } : definition;
  draft = `${JSON.stringify(request, null, 2)}\n`;
  window.location.hash = "#deploy";
}

// Flask-AppBuilder's page names no language, which screen readers need.
document.documentElement.lang = document.documentElement.lang || "en";
// Airflow leaves room for one line of its navigation, which lies over the page; in a window that is not wide it has two.
const bar = document.querySelector(".navbar-fixed-top");
const isWide = window.matchMedia("(min-width: 768px)"); // below, it folds
const makeRoom = () => (root.style.paddingTop = isWide.matches ? `${Math.max(0, bar.offsetHeight - root.offsetTop)}px` : "");
if (bar) new ResizeObserver(makeRoom).observe(bar);
window.addEventListener("hashchange", show);
whenSignedInAgain(() => isBroken && show());
show();
