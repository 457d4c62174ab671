// The versions of a DAG's definition: who deployed each, what it changed, and restoring one.

import { button, confirm, field, fill, fillIfChanged, h, inline, notice, refill, table, time } from "./dom.js";
import { comparisonView } from "./comparison.js";
import { whenAllIsWellAgain } from "./connection.js";
import { followDeployment } from "./deployment_state.js";
import { differences } from "./value_difference.js";
import { send, sentence } from "./http.js";
import { dagLink, versionsPath } from "./links.js";
import { permissions } from "./permissions.js";
import { pauseAfter, polling } from "./polling.js";
import { tellUnreadable } from "./unreadable.js";

const COLUMNS = ["Version", "Deployed", "By", "Comment", "Actions"];
const PAGE = 50;

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
