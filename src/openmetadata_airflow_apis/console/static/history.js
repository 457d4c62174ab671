// The versions of a DAG's definition: who deployed each, what it changed, the difference between two, and restoring one.

import { button, confirm, field, fill, fillIfChanged, h, inline, notice, refill, table, time } from "./dom.js";
import { whenAllIsWellAgain } from "./connection_notice.js";
import { followDeployment } from "./deployment_state.js";
import { changesTable, differences, isChange } from "./value_difference.js";
import { send, sentence, tellUnreadable } from "./http.js";
import { dagLink, versionsPath } from "./links.js";
import { permissions } from "./permissions.js";
import { pauseAfter, polling } from "./polling.js";

const COLUMNS = ["Version", "Deployed", "By", "Comment", "Actions"];
const PAGE = 50;
const KINDS = { values: "Values", graph: "Graph", text: "Text" };

let kind = "values"; // of the difference, kept while the page is open

export function historyView({ dagId }) {
  const path = versionsPath(dagId);
  const outcome = h("div", { class: "outcome" });
  const trouble = h("div", {});
  const list = h("div", {});
  const pages = h("div", { class: "actions" });
  const comparison = h("div", {});
  const difference = h("div", { hidden: true });
  const versionSelects = { from: h("select", {}), to: h("select", {}) };
  let offset = 0;
  let may = [];
  let newest = null;
  let comparisons = 0;
  let isLeft = false;
  const comments = new Map(); // version number → the comment of a restore that was refused
  const poll = polling(load); // asks again only after an error

  async function load(isLatest) {
    const [{ dags }, answer, newestAnswer] = await Promise.all([permissions([dagId]), page(offset, PAGE), page(0, 1)]);
    if (!isLatest()) return null;
    may = dags[dagId] ?? may;
    const failedAnswer = [answer, newestAnswer].find(({ ok }) => !ok);
    if (failedAnswer) {
      if (newest) tellUnreadable(trouble, failedAnswer, true);
      else fillIfChanged(list, notice("bad", inline(sentence(failedAnswer))));
      return pauseAfter(failedAnswer);
    }
    fill(trouble);
    const { dag_versions: versions, total_entries: total } = answer.body;
    newest = newestAnswer.body.dag_versions[0];
    difference.hidden = !newest;
    refill(list, table(`Versions of ${dagId}`, COLUMNS, versions.map(row), { empty: "It has no versions here." }));
    refill(pages, paging(total));
    const numbers = Array.from({ length: newest ? newest.version_number : 0 }, (_, index) => newest.version_number - index);
    for (const select of Object.values(versionSelects)) {
      const chosenBefore = select.value;
      fill(select, numbers.map((number) => h("option", {}, String(number))));
      if (chosenBefore) select.value = chosenBefore;
    }
    if (numbers.length > 1 && versionSelects.from.value === versionSelects.to.value) versionSelects.from.value = numbers[1];
    if (newest && !comparison.hasChildNodes()) compare(newest.version_number, newest.version_number - 1);
    return dags[dagId] ? null : pauseAfter({}); // what may be restored could not be read
  }

  function page(from, limit) {
    return send({ method: "GET", path, query: { limit, offset: from } });
  }

  function row(version) {
    const { version_number: number } = version;
    const isNewest = number === newest.version_number;
    const keyed = (action) => ({ "data-key": `${action} ${number}`, "aria-label": `${action} version ${number}` });
    const deleted = isNewest && version.deleted_at;
    return [
      [h("strong", {}, String(number)), isNewest && !deleted && [" ", h("span", { class: "mark" }, "deployed now")]],
      [time(version.created_at), deleted && [h("br"), "The DAG was deleted ", time(deleted)]],
      version.created_by,
      version.comment ?? h("span", { class: "muted" }, "–"),
      h(
        "div",
        { class: "actions" },
        button("What it changed", () => compare(number, number - 1), "", keyed("What it changed:")),
        may.includes("restore_dag_version") &&
          (!isNewest || deleted) &&
          button("Restore", () => restore(number), "", keyed("Restore")),
      ),
    ];
  }

  function paging(total) {
    if (total <= PAGE) return null;
    const turn = (by) => () => {
      offset += by;
      return poll.now();
    };
    return [
      button("Newer", turn(-PAGE), "", { disabled: offset === 0, "data-key": "newer" }),
      h("span", {}, `${offset + 1} to ${Math.min(offset + PAGE, total)} of ${total}`),
      button("Older", turn(PAGE), "", { disabled: offset + PAGE >= total, "data-key": "older" }),
    ];
  }

  // against: 0 compares with nothing, so that all of the first version is new.
  async function compare(number, against) {
    versionSelects.to.value = String(number);
    versionSelects.from.value = String(against || number);
    comparisons += 1;
    const thisComparison = comparisons;
    const answer = await send({ method: "GET", path: `${path}/${number}/changes`, query: against ? { against } : {} });
    if (isLeft || thisComparison !== comparisons) return;
    fill(comparison, answer.ok ? [comparisonView({ ...answer.body, path }), definition(number)] : notice("bad", inline(sentence(answer))));
  }

  // The definition is read when its details are first unfolded, and again after an error.
  function definition(number) {
    const place = h("div", {});
    const details = h("details", {}, h("summary", {}, `Definition of version ${number}, as it was sent`), place);
    let isRead = false;
    details.addEventListener("toggle", async () => {
      if (isRead || !details.open) return;
      isRead = true;
      const answer = await send({ method: "GET", path: `${path}/${number}` });
      isRead = answer.ok;
      const text = answer.ok && JSON.stringify(answer.body.definition, null, 2);
      fill(place, answer.ok ? h("pre", { tabindex: "0" }, text) : notice("bad", inline(sentence(answer))));
    });
    return details;
  }

  // Replaces only the version that is shown as the newest, and nothing that somebody else has deployed since.
  async function restore(number) {
    const request = {
      method: "POST",
      path: `${path}/${number}/restore`,
      headers: newest.deleted_at ? { "If-None-Match": "*" } : { "If-Match": `"${newest.revision}"` },
    };
    const plan = await send({ ...request, query: { dry_run: "true" } });
    if (isLeft) return;
    if (!plan.ok) {
      await refused(plan);
      return;
    }
    const comment = h("input", { type: "text", maxlength: 1000, value: comments.get(number) ?? `Back to version ${number}` });
    const explanation = [differences(plan.body), field("Comment", comment, "It is kept beside the new version.")];
    if (!(await confirm(`Restore version ${number} of ${dagId}?`, explanation, `Restore version ${number}`, "primary"))) return;
    const answer = await send({ ...request, query: comment.value.trim() ? { comment: comment.value.trim() } : {} });
    if (isLeft) return;
    comments.delete(number);
    if (!answer.ok) {
      comments.set(number, comment.value);
      await refused(answer);
      return;
    }
    const place = h("span", {});
    fill(outcome, notice("good", `Restored version ${number}; it is version ${answer.body.version_number} now. `, place));
    followDeployment(answer.body, place);
    fill(comparison);
    offset = 0;
    await poll.now();
  }

  async function refused(answer) {
    const shownHint = answer.status === 412 && " Below is what is deployed now.";
    fill(outcome, notice("bad", inline(sentence(answer)), shownHint));
    await poll.now();
  }

  const form = h(
    "form",
    {
      class: "inline-form",
      onsubmit: (event) => {
        event.preventDefault();
        return compare(Number(versionSelects.to.value), Number(versionSelects.from.value));
      },
    },
    field("From version", versionSelects.from),
    field("To version", versionSelects.to),
    h("button", { class: "button" }, "Compare"),
  );
  difference.append(h("h3", {}, "Difference"), form, comparison);
  const stopListening = whenAllIsWellAgain(poll.now);
  poll.now();
  return {
    element: h(
      "section",
      {},
      h(
        "p",
        { class: "trail" },
        h("a", { href: "#dags" }, "Deployed DAGs"),
        " / ",
        h("a", { href: dagLink(dagId) }, dagId),
        " / History",
      ),
      h("h2", {}, `History of ${dagId}`),
      outcome,
      trouble,
      list,
      pages,
      difference,
    ),
    leave: () => {
      stopListening();
      poll.stop();
      isLeft = true;
    },
  };
}

// The difference between two versions of a definition: by values, as a graph, or as text beside text. path: of the DAG's
// versions. The other fields are those of compare_dag_versions; against is null if there is no version before.
function comparisonView({ path, version_number: number, against, changes }) {
  const title = against ? `From version ${against} to version ${number}` : `What version ${number} brought`;
  const names = { label: title, before: against ? `Version ${against}` : "Before", after: `Version ${number}` };
  const choice = h("div", { class: "actions", role: "group", "aria-label": "Difference as" });
  const place = h("div", {});
  let versions = null;

  // Resolves to both versions, which are fetched on the first call.
  async function bothVersions() {
    versions ??= Promise.all([against, number].map((versionNumber) => (versionNumber ? send({ method: "GET", path: `${path}/${versionNumber}` }) : null)));
    const answers = await versions;
    const failedAnswer = answers.find((answer) => answer && !answer.ok);
    if (failedAnswer) versions = null;
    return failedAnswer ? Promise.reject(new Error(sentence(failedAnswer))) : answers.map((answer) => answer && answer.body);
  }

  async function draw() {
    if (kind === "values") return isChange(changes) ? changesTable(changes, names) : h("p", {}, "They do the same.");
    if (kind === "text") {
      const [[before, after], { textDifference }] = await Promise.all([bothVersions(), import("./text_difference.js")]);
      return textDifference(before && before.definition, after.definition, { ...names, label: `${title}, as text` });
    }
    const [[before, after], { graphDifference }] = await Promise.all([bothVersions(), import("./graph_difference.js")]);
    const changed = new Set(Object.keys(changes.task_differences));
    return graphDifference(before && before.canonical_definition, after.canonical_definition, changed, title);
  }

  async function show() {
    const shownKind = kind;
    if (kind !== "values") fill(place, h("p", { class: "muted", role: "status" }, "Loading…"));
    fill(choice, Object.entries(KINDS).map(([name, label]) => button(label, () => choose(name), "", { "aria-pressed": String(name === kind), "data-key": name })));
    let content;
    try {
      content = await draw();
    } catch (error) {
      content = notice("bad", inline(error.message));
    }
    if (shownKind === kind) fill(place, content);
  }

  async function choose(name) {
    kind = name;
    const shown = show();
    choice.querySelector(`[data-key="${name}"]`).focus();
    await shown;
  }

  show();
  return [h("h4", {}, title), choice, place];
}
