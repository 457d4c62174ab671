/*
 * Deploys a workflow, runs it, asks why a run failed, and repairs, with fetch and the types that openapi-typescript makes.
 *
 *   npx openapi-typescript openapi/openapi.yaml --output managed-dags.ts
 *   AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... node withOpenapiTypescript.js
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { components } from "./managed-dags.js";

type Schemas = components["schemas"];
type Token = () => Promise<string>;
type Answer<Body> = { ok: true; body: Body } | { ok: false; problem: Schemas["Problem"] };

const DAG_ID = "hello_types";
const renewAfter = 1000 * Number(process.env["RENEW_AFTER_SECONDS"] ?? 600);
const COMMAND = "echo hello; exit {{ dag_run.conf.get('exit_code', 0) }}";

async function call<Body>(method: string, path: string, body?: unknown, user?: Token): Promise<Answer<Body>> {
  const token = await user?.();
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

// Signs in; the access token is renewed before it ends, after 15 minutes.
async function signIn(username: string, password: string): Promise<Token> {
  // Every default of the specification is written out in these types; what the server has as default goes here.
  const body: Schemas["LoginRequest"] = { username, password, refresh: true, provider: "db" };
  const tokens = bodyOf(await call<Schemas["Tokens"]>("POST", "/api/v1/security/login", body));
  const refreshToken = async () => tokens.refresh_token!;
  let token = tokens.access_token;
  let since = Date.now();
  return async () => {
    if (Date.now() - since > renewAfter) {
      const renewed = await call<Schemas["Tokens"]>("POST", "/api/v1/security/refresh", undefined, refreshToken);
      token = bodyOf(renewed).access_token;
      since = Date.now();
    }
    return token;
  };
}

function hello(operator: string): Schemas["WorkflowRequest"] {
  const dag: Schemas["WorkflowDag"] = {
    schedule: null,
    default_args: { owner: "data-team", retries: 0, start_date: "2024-01-01T00:00:00Z" },
    tags: ["example"],
    tasks: { greet: { operator, bash_command: COMMAND } },
  };
  return { workflow: { name: DAG_ID, force: true, unpause: true, dag_config: { [DAG_ID]: dag } } };
}

const admin = await signIn("admin", process.env["ADMIN_PASSWORD"]!);
const DAGS = "/rest_api/api/dags";
const DAG_RUNS = `${DAGS}/${DAG_ID}/dagRuns`;

// Starts a run, and waits until it has ended.
async function runToItsEnd(wanted: Schemas["TriggerRequest"]): Promise<Schemas["DagRun"]> {
  let run = bodyOf(await call<Schemas["DagRun"]>("POST", `${DAG_RUNS}?wait=30`, wanted, admin));
  while (!run.has_ended) {
    await sleep(1000); // an answer comes at once where too many wait already
    run = bodyOf(await call<Schemas["DagRun"]>("GET", `${pathOf(run)}?wait=30`, undefined, admin));
  }
  return run;
}

function pathOf(run: Schemas["DagRun"]): string {
  return `${DAG_RUNS}/${encodeURIComponent(run.run_id)}`;
}

const working = hello("airflow.operators.bash.BashOperator");
const deployment = bodyOf(await call<Schemas["Deployment"]>("POST", `${DAGS}?wait=60`, working, admin));
console.log(`deployed ${deployment.dag_id}: ${deployment.state}`);

const wanted: Schemas["TriggerRequest"] = { conf: { tables: ["orders"], limit: 10 } };
const run = await runToItsEnd(wanted);
console.log(`ran: ${run.state}`);

const failed = await runToItsEnd({ conf: { exit_code: 3 } });
const explained = await call<Schemas["DagRunExplanation"]>("GET", `${pathOf(failed)}/explanation`, undefined, admin);
for (const { task_id, reason } of bodyOf(explained).failures) console.log(`failed: ${task_id}: ${reason}`);
const logPath = `${pathOf(failed)}/taskInstances/greet/logs?tail_lines=100`;
const log = bodyOf(await call<Schemas["TaskLog"]>("GET", logPath, undefined, admin));
if (!log.content.includes("hello")) throw new Error("The log has what the task printed");
const listPath = `${DAGS}?dag_id_pattern=${DAG_ID}&last_dag_run_state=failed`;
const listed = bodyOf(await call<Schemas["DeployedDagCollection"]>("GET", listPath, undefined, admin));
if (listed.dags[0]?.last_run?.run_id !== failed.run_id) throw new Error("The list has the last run");

const pause: Schemas["PatchDagRequest"] = { is_paused: true };
const patched = bodyOf(await call<Schemas["PatchedDag"]>("PATCH", `${DAGS}/${DAG_ID}`, pause, admin));
console.log(`paused: ${patched.is_paused}`);
const waiting = bodyOf(await call<Schemas["DagRun"]>("POST", DAG_RUNS, {}, admin));
const theWaiting: Schemas["ChosenRuns"] = { run_ids: [waiting.run_id] };
const killed = bodyOf(await call<Schemas["KilledRuns"]>("POST", `${DAG_RUNS}/kill`, theWaiting, admin));
const theFailed: Schemas["ChosenRuns"] = { states: ["failed"] };
const planPath = `${DAG_RUNS}/restart?dry_run=true`;
const plan = bodyOf(await call<Schemas["RestartedRuns"]>("POST", planPath, theFailed, admin));
console.log(`killed: ${killed.dag_runs.length}, to restart: ${plan.dag_runs.length}`);
const succeedPath = `${pathOf(failed)}/taskInstances/greet/succeed`;
const succeeded = bodyOf(await call<Schemas["StoppedRun"]>("POST", succeedPath, undefined, admin));
console.log(`succeeded: ${succeeded.task_instances[0]?.task_id}; the run is ${succeeded.state} again`);

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
