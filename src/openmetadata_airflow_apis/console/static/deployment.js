// What the state of a deployment means.

import { h, state } from "./dom.js";

const MEANING = {
  parsed: "Airflow knows this version.",
  pending: "The DAG processor has still to parse it.",
  failed: "Its file could not be imported.",
};

export function deploymentState(name) {
  return h("span", {}, state(name), " ", MEANING[name] || "");
}

export function isSettled({ state: name }) {
  return name !== "pending";
}
