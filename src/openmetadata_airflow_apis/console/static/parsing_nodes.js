// Which node has parsed which deployment of a DAG. With the database store each node has its own disk and parses; with
// the file store all nodes share the files, and there is nothing to tell apart.

import { deploymentWord, importError } from "./dag_cells.js";
import { h, inline, state, table, time } from "./dom.js";
import { serverTime } from "./http.js";

const COLUMNS = ["Node", "State", "Version", "Parsed", "Callable files"];

// The table of the nodes, unfolded if one of them needs attention; null without nodes.
export function nodesTable({ nodes }) {
  if (!nodes?.length) return null;
  const parsed = nodes.filter((node) => node.state === "parsed").length;
  const rows = nodes.map((node) => [nameCell(node), stateCell(node), versionCell(node), time(node.parsed_at), filesCell(node)]);
  return h(
    "details",
    { "data-key": "nodes", open: nodes.some(needsLook) },
    h("summary", {}, `Nodes (${parsed} of ${nodes.length} have parsed what is deployed)`),
    table("Nodes", COLUMNS, rows, { empty: "" }),
  );
}

// Whether a running DAG processor has still to parse what was deployed in the last minute.
export function isAwaited({ nodes, deployed_at: deployedAt }) {
  return serverTime() - Date.parse(deployedAt) < 60000 && Boolean(nodes?.some((node) => node.is_alive && node.state === "pending"));
}

// Answers the DAG without the heartbeats of living nodes, which change all the time and are not shown.
export function withoutHeartbeats(dag) {
  const nodes = dag.nodes?.map((node) => (node.is_alive ? { ...node, latest_heartbeat: null } : node));
  return { ...dag, nodes };
}

function needsLook(node) {
  return node.state === "failed" || node.callable_files.some((file) => file.differs);
}

function nameCell({ hostname, is_alive: isAlive, latest_heartbeat: latestHeartbeat }) {
  const message = latestHeartbeat ? ["no DAG processor there since ", time(latestHeartbeat)] : "no DAG processor there now";
  return [hostname, !isAlive && h("div", { class: "muted" }, message)];
}

function stateCell(node) {
  const error = node.import_error;
  const reason = error && [h("p", { class: "reason" }, inline(error.split("\n")[0])), importError({ dag_id: node.hostname, import_error: error })];
  return [state(node.state, deploymentWord(node)), reason];
}

function versionCell({ version_number: number, revision }) {
  if (number) return String(number);
  return revision ? h("code", {}, revision.slice(0, 12)) : h("span", { class: "muted" }, "none yet");
}

function filesCell({ callable_files: files }) {
  const differing = files.filter((file) => file.differs);
  if (!differing.length) return files.length ? "as on the others" : h("span", { class: "muted" }, "–");
  return differing.map((file) => h("div", {}, h("code", {}, file.path), " differs from another node's"));
}
