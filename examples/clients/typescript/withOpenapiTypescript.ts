/*
 * Deploys a workflow, runs it and reads its state, with fetch and the types that openapi-typescript makes.
 *
 *   npx openapi-typescript openapi/openapi.yaml --output managed-dags.ts
 *   AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... node withOpenapiTypescript.js
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { components } from "./managed-dags.js";

type Schemas = components["schemas"];
type Answer<Body> = { ok: true; body: Body } | { ok: false; problem: Schemas["Problem"] };

const DAG_ID = "hello_types";

async function call<Body>(method: string, path: string, body?: unknown, token?: string): Promise<Answer<Body>> {
  const answer = await fetch(process.env["AIRFLOW_URL"] + path, {
    method,
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const json = await answer.json();
  return answer.ok ? { ok: true, body: json as Body } : { ok: false, problem: json as Schemas["Problem"] };
}

function bodyOf<Body>(answer: Answer<Body>): Body {
  if (!answer.ok) throw new Error(answer.problem.detail);
  return answer.body;
}

async function signIn(username: string, password: string): Promise<string> {
  // Every default of the specification is written out in these types; what the server has as default goes here.
  const body: Schemas["LoginRequest"] = { username, password, refresh: false, provider: "db" };
  return bodyOf(await call<Schemas["Tokens"]>("POST", "/api/v1/security/login", body)).access_token;
}

function hello(operator: string): Schemas["WorkflowRequest"] {
  const dag: Schemas["WorkflowDag"] = {
    schedule: null,
    default_args: { owner: "data-team", retries: 0, start_date: "2024-01-01T00:00:00Z" },
    tags: ["example"],
    tasks: { greet: { operator, bash_command: "echo hello" } },
  };
  return { workflow: { name: DAG_ID, force: true, unpause: true, dag_config: { [DAG_ID]: dag } } };
}

const admin = await signIn("admin", process.env["ADMIN_PASSWORD"]!);
const DAGS = "/rest_api/api/dags";
const DAG_RUNS = `${DAGS}/${DAG_ID}/dagRuns`;

const working = hello("airflow.operators.bash.BashOperator");
const deployment = bodyOf(await call<Schemas["Deployment"]>("POST", `${DAGS}?wait=60`, working, admin));
console.log(`deployed ${deployment.dag_id}: ${deployment.state}`);

const wanted: Schemas["TriggerRequest"] = { conf: { tables: ["orders"], limit: 10 } };
let run = bodyOf(await call<Schemas["DagRun"]>("POST", DAG_RUNS, wanted, admin));
while (run.state !== "success" && run.state !== "failed") {
  await sleep(500);
  const path = `${DAG_RUNS}/${encodeURIComponent(run.run_id)}`;
  run = bodyOf(await call<Schemas["DagRun"]>("GET", path, undefined, admin));
}
console.log(`ran: ${run.state}`);

const broken = await call("POST", DAGS, hello("airflow.operators.bash.BashOperater"), admin);
if (broken.ok) throw new Error("It was not refused");
for (const { pointer, detail } of broken.problem.errors ?? []) {
  console.log(`${broken.problem.status} ${pointer}: ${detail}`);
}

const viewer = await signIn("viewer", process.env["VIEWER_PASSWORD"]!);
const forbidden = await call("DELETE", `${DAGS}/${DAG_ID}`, undefined, viewer);
if (forbidden.ok) throw new Error("It was not refused");
console.log(`${forbidden.problem.status} ${forbidden.problem.detail}`);

const deleted = bodyOf(await call<Schemas["DeletedDag"]>("DELETE", `${DAGS}/${DAG_ID}`, undefined, admin));
console.log(`deleted ${deleted.dag_id}`);
