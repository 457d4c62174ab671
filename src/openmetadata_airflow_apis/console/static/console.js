// The page: views behind the links in its navigation, chosen by the address's fragment.
// #dags, #dags/DAG_ID, #dags/DAG_ID/RUN_ID, #dags/DAG_ID/RUN_ID/TASK_ID, #history/DAG_ID, #deploy, #operations, #operations/OPERATION_ID
// Most people come for the list, so the other views and the specification are loaded only when they are opened.

import { whenAllIsWellAgain } from "./connection_notice.js";
import { draft } from "./dag_actions.js";
import { dagsView } from "./dags.js";
import { button, fill, fillIfChanged, h, notice } from "./dom.js";
import { send, sentence } from "./http.js";
import { permissions } from "./permissions.js";
import { config } from "./session.js";

const VIEWS = { dags: "Deployed DAGs", deploy: "Deploy", operations: "Operations" };

const root = document.querySelector("#rest-api");
const navigation = root.querySelector("nav");
const stage = root.querySelector(".stage");
const pageTitle = document.title;
let current = "dags"; // the entry of the navigation that leads here
let view = null;
let specification = null;
let openings = 0;
let isBroken = false; // the current view could not be made

async function show() {
  openings += 1;
  const thisOpening = openings;
  const [name, ...parts] = window.location.hash.slice(1).split("/").map(decoded);
  const isHistory = name === "history" && Boolean(parts[0]);
  current = Object.keys(VIEWS).includes(name) ? name : "dags";
  showNavigation();
  document.title = `${titleOf(isHistory ? "history" : current, parts)} - ${pageTitle}`;
  draft.text = view?.draft?.() ?? draft.text;
  view?.leave?.();
  for (const question of root.querySelectorAll("dialog[open]")) question.close(); // it is about what is left
  isBroken = false;
  view = null;
  try {
    const newView = await makeView(isHistory ? "history" : current, parts);
    if (thisOpening !== openings) {
      newView.leave?.();
      return;
    }
    view = newView;
    fill(stage, view.element);
    // A keyboard or screen reader then goes on at the beginning of the view, not at the link.
    if (current === name || isHistory) stage.focus({ preventScroll: true });
  } catch (error) {
    if (thisOpening !== openings) return;
    isBroken = true;
    fill(stage, notice("bad", `This could not be shown: ${error.message} `, button("Try again", show)));
  }
}

function showNavigation() {
  fillIfChanged(
    navigation,
    Object.entries(VIEWS).map(([key, label]) =>
      (key !== "deploy" || config.may_deploy) && h("a", { href: `#${key}`, "aria-current": key === current ? "page" : null }, label),
    ),
  );
}

function titleOf(name, [dagId, runId]) {
  if (name === "history") return `History of ${dagId}`;
  if (name !== "dags" || !dagId) return VIEWS[name];
  return runId ? `${runId} of ${dagId}` : dagId;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // an address that somebody typed
  }
}

async function makeView(name, [first, second, third]) {
  if (name === "history") return (await import("./history.js")).historyView({ dagId: first });
  if (name === "dags" && !first) return dagsView();
  if (name === "dags") return (await import("./dag.js")).dagView({ dagId: first, runId: second, taskId: third, again: show });
  const [spec, permitted, { deployView }, { operationsView }] = await Promise.all([
    specified(),
    permissions(),
    import("./deploy.js"),
    import("./operations.js"),
  ]);
  if (!permitted.isKnown) throw new Error("it is not known what you may do.");
  if (name === "deploy") return deployView({ spec, permitted, draft: draft.text, base: draft.base });
  return operationsView({ spec, permitted, chosen: first });
}

async function specified() {
  if (specification) return specification;
  const answer = await send({ method: "GET", path: "/rest_api/api/openapi.json" });
  if (!answer.ok) throw new Error(sentence(answer));
  specification = answer.body;
  return specification;
}

// Screen readers need the page's language, which Flask-AppBuilder's page does not name.
document.documentElement.lang = document.documentElement.lang || "en";
// Airflow's navigation lies over the page, which has room for one line of it; in a narrower window it has two.
const bar = document.querySelector(".navbar-fixed-top");
const isWide = window.matchMedia("(min-width: 768px)"); // in a narrower one the navigation folds
const makeRoom = () => (root.style.paddingTop = isWide.matches ? `${Math.max(0, bar.offsetHeight - root.offsetTop)}px` : "");
if (bar) new ResizeObserver(makeRoom).observe(bar);
window.addEventListener("hashchange", show);
whenAllIsWellAgain(() => {
  showNavigation(); // somebody else may have signed in
  if (isBroken) show();
});
show();
