// Deploying: a definition pasted or from a file, its faults at their places, a dry run with the difference.

import { button, confirm, fill, h, inline, notice } from "./dom.js";
import { Editor, filePicker } from "./editor.js";
import { curl, send, sentence } from "./http.js";
import { differences } from "./differences.js";
import { dagLink } from "./links.js";
import { followDeployment } from "./deployment.js";
import { withFlag } from "./positions.js";

const PATH = "/rest_api/api/dags";

export function deployView({ spec, permitted, draft }) {
  if (!permitted.operations.includes("deploy_dag")) {
    return {
      element: h(
        "section",
        {},
        h("h2", {}, "Deploy"),
        notice("", "You may not deploy: it needs the permission “can create on Managed DAGs”."),
      ),
    };
  }
  const example = spec.paths[PATH].post.requestBody.content["application/json"].example;
  const outcome = h("div", { class: "outcome" });
  const editor = new Editor({ label: "Workflow definition (JSON)", id: "definition", onchange: () => fill(outcome) });
  editor.text = draft ?? `${JSON.stringify(example, null, 2)}\n`;

  async function run(dryRun) {
    editor.clear();
    fill(outcome, notice("", dryRun ? "Checking…" : "Deploying…"));
    const request = { method: "POST", path: PATH, query: dryRun ? { dry_run: "true" } : {}, body: editor.text };
    const answer = await send(request);
    if (answer.ok) {
      fill(outcome, dryRun ? checked(answer) : deployed(answer), command(request));
      outcome.scrollIntoView({ block: "nearest" });
      return;
    }
    const faults = answer.body?.errors || [];
    const atTheText = answer.status === 400;
    if (atTheText) editor.show(faults, sentence(answer));
    fill(
      outcome,
      !atTheText && notice("bad", h("strong", {}, `${answer.status} ${answer.body?.title || answer.title}. `), inline(sentence(answer))),
      answer.status === 409 && /force/.test(sentence(answer)) && replaceButton(),
    );
    outcome.scrollIntoView({ block: "nearest" });
  }

  function replaceButton() {
    return button("Replace what is deployed", async () => {
      const sure = await confirm(
        "Replace the deployed workflow?",
        "Runs under way go on with the new tasks. `force` is set to true in the definition.",
        "Replace",
      );
      if (!sure) return;
      editor.text = withFlag(editor.text, "force");
      await run(false);
    });
  }

  function deployed(answer) {
    const state = h("span", {});
    followDeployment(answer.body, state);
    return notice(
      "good",
      h("strong", {}, answer.body.created ? "Deployed " : "Replaced "),
      h("a", { href: dagLink(answer.body.dag_id) }, answer.body.dag_id),
      ` (${answer.status}, ${answer.milliseconds} ms). `,
      state,
    );
  }

  function checked(answer) {
    return [
      notice("good", h("strong", {}, "No faults. "), `Nothing was changed (${answer.milliseconds} ms).`),
      differences(answer.body),
    ];
  }

  const element = h(
    "section",
    {},
    h("h2", {}, "Deploy"),
    h(
      "p",
      { class: "lead" },
      "Paste a workflow definition or take it from a file. A dry run checks it and shows what would change.",
    ),
    filePicker(editor),
    editor.element,
    h(
      "div",
      { class: "actions" },
      button("Deploy", () => run(false), "primary"),
      button("Dry run", () => run(true)),
    ),
    outcome,
  );
  return { element, draft: () => editor.text };
}

function command(request) {
  return h("details", {}, h("summary", {}, "The same with curl"), h("pre", { tabindex: "0" }, curl(request)));
}
