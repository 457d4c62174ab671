// What the state of a deployment means, and following the state until it is settled.

import { deploymentWord } from "./dag_cells.js";
import { fill, h, inline, state } from "./dom.js";
import { isToldAbove, send, sentence, serverTime } from "./http.js";
import { dagPath } from "./links.js";
import { pauseAfter, pauseWhile } from "./polling.js";

const MEANING = {
  parsed: "Airflow knows this version.",
  pending: "The DAG processor has still to parse it.",
  failed: "The DAG processor could not import its file.",
};

export function deploymentState(deployment) {
  const awaited = deployment.state === "parsed" && !isSettled(deployment);
  return h(
    "span",
    {},
    state(deployment.state, deploymentWord(deployment)),
    " ",
    MEANING[deployment.state],
    awaited && " The DAG processor is still to look at its file.",
  );
}

// A version's number comes a moment after the deploy itself; `unnumbered` stands for it until then.
export function versionOf({ version_number: number }, unnumbered) {
  return number ? `version ${number}` : unnumbered;
}

// A deploy itself makes the DAG known; a moment later the DAG processor parses the file, which can still fail. If it
// doesn't within a minute, there may be no scheduler, and the state counts as settled.
export function isSettled({ state: name, parsed_at: parsedAt, deployed_at: deployedAt }) {
  return name === "failed" || (name === "parsed" && Boolean(parsedAt)) || serverTime() - Date.parse(deployedAt) > 60000;
}

// Shows a deployment's state in `place` while that is on the page, and renews it until the DAG processor has parsed the
// file: the answer to a deploy comes before that.
export function followDeployment(deployment, place) {
  const error = deployment.import_error && h("pre", { class: "error-text" }, deployment.import_error);
  const trouble = h("span", { class: "muted" });
  fill(place, deploymentState(deployment), error, trouble);
  if (!isSettled(deployment)) setTimeout(readAgain, pauseWhile(true));

  async function readAgain() {
    if (!place.isConnected) return;
    const answer = await send({ method: "GET", path: dagPath(deployment.dag_id) });
    if (!place.isConnected) return;
    if (answer.ok) {
      followDeployment(answer.body, place);
      return;
    }
    fill(trouble, !isToldAbove(answer) && [" ", inline(sentence(answer))]);
    const pause = pauseAfter(answer);
    if (pause !== null) setTimeout(readAgain, pause);
  }
}
