// What the state of a deployment means.

import { h, state } from "./dom.js";

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
    state(deployment.state),
    " ",
    MEANING[deployment.state],
    awaited && " The DAG processor is still to look at its file.",
  );
}

// A deploy itself makes the DAG known; a moment later the DAG processor parses the file, which can still fail.
// Where that doesn't happen within a minute (no scheduler runs), there is nothing to be watched.
export function isSettled({ state: name, parsed_at: parsedAt, deployed_at: deployedAt }) {
  return name === "failed" || (name === "parsed" && Boolean(parsedAt)) || Date.now() - Date.parse(deployedAt) > 60000;
}
