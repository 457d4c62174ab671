/*
 * Deploys a workflow, runs it, asks why a run failed, and repairs, with the client that openapi-generator makes.
 *
 *   openapi-generator-cli generate -g typescript-fetch -i openapi/openapi.yaml -o managed-dags
 *   AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... node withTypescriptFetch.js
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  Configuration,
  DagRunsApi,
  DagsApi,
  ProblemFromJSON,
  ResponseError,
  SecurityApi,
  TaskInstancesApi,
  type DagRun,
  type Problem,
  type WorkflowRequest,
} from "./managed-dags/index.js";

const DAG_ID = "hello_fetch";
const basePath = process.env["AIRFLOW_URL"]!;
const renewAfter = 1000 * Number(process.env["RENEW_AFTER_SECONDS"] ?? 600);
const COMMAND = "echo hello; exit {{ dag_run.conf.get('exit_code', 0) }}";

// Signs in; the access token is renewed before it ends, after 15 minutes.
async function signIn(username: string, password: string): Promise<Configuration> {
  const security = new SecurityApi(new Configuration({ basePath }));
  const tokens = await security.login({ loginRequest: { username, password, refresh: true } });
  const refreshing = new SecurityApi(new Configuration({ basePath, accessToken: tokens.refreshToken! }));
  let token = tokens.accessToken;
  let since = Date.now();
  const accessToken = async () => {
    if (Date.now() - since > renewAfter) {
      token = (await refreshing.refresh()).accessToken;
      since = Date.now();
    }
    return token;
  };
  return new Configuration({ basePath, accessToken });
}

function hello(operator: string): WorkflowRequest {
  const dag = {
    schedule: null,
    default_args: { owner: "data-team", retries: 0, start_date: "2024-01-01T00:00:00Z" },
    tags: ["example"],
    tasks: { greet: { operator, bash_command: COMMAND } },
  };
  return { workflow: { name: DAG_ID, force: true, unpause: true, dagConfig: { [DAG_ID]: dag } } };
}

async function problemOf(refused: Promise<unknown>): Promise<Problem> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof ResponseError) return ProblemFromJSON(await error.response.json());
    throw error;
  }
  throw new Error("It was not refused");
}

// Starts a run, and waits until it has ended.
async function runToItsEnd(conf: Record<string, unknown>): Promise<DagRun> {
  let run = await dagRuns.triggerDag({ dagId: DAG_ID, triggerRequest: { conf }, wait: 30 });
  while (!run.hasEnded) {
    await sleep(1000); // an answer comes at once where too many wait already
    run = await dagRuns.dagState({ dagId: DAG_ID, runId: run.runId, wait: 30 });
  }
  return run;
}

const admin = await signIn("admin", process.env["ADMIN_PASSWORD"]!);
const dags = new DagsApi(admin);
const dagRuns = new DagRunsApi(admin);

const deployment = await dags.deployDag({ workflowRequest: hello("airflow.operators.bash.BashOperator"), wait: 60 });
console.log(`deployed ${deployment.dagId}: ${deployment.state}`);

const conf = { tables: ["orders"], limit: 10 };
const run = await runToItsEnd(conf);
if (!(run.endDate instanceof Date)) throw new Error("A date-time arrives as Date");
if (JSON.stringify(run.conf) !== JSON.stringify(conf)) throw new Error("A map arrives as it was sent");
console.log(`ran: ${run.state}`);

const failed = await runToItsEnd({ exit_code: 3 });
const explanation = await dagRuns.explainDagRun({ dagId: DAG_ID, runId: failed.runId });
for (const { taskId, reason } of explanation.failures) console.log(`failed: ${taskId}: ${reason}`);
const taskInstances = new TaskInstancesApi(admin);
const log = await taskInstances.taskLog({ dagId: DAG_ID, runId: failed.runId, taskId: "greet", tailLines: 100 });
if (!log.content.includes("hello")) throw new Error("The log has what the task printed");
const listed = await dags.listDags({ dagIdPattern: DAG_ID, lastDagRunState: ["failed"] });
if (listed.dags[0]?.lastRun?.runId !== failed.runId) throw new Error("The list has the last run");

const patched = await dags.patchDag({ dagId: DAG_ID, patchDagRequest: { isPaused: true } });
console.log(`paused: ${patched.isPaused}`);
const waiting = await dagRuns.triggerDag({ dagId: DAG_ID });
if (waiting.endDate !== null) throw new Error("null arrives as null");
const killed = await dagRuns.killDagRuns({ dagId: DAG_ID, chosenRuns: { runIds: [waiting.runId] } });
const plan = await dagRuns.restartDagRuns({ dagId: DAG_ID, chosenRuns: { states: ["failed"] }, dryRun: true });
console.log(`killed: ${killed.dagRuns.length}, to restart: ${plan.dagRuns.length}`);
const succeeded = await taskInstances.succeedTaskInstance({ dagId: DAG_ID, runId: failed.runId, taskId: "greet" });
console.log(`succeeded: ${succeeded.taskInstances[0]?.taskId}; the run is ${succeeded.state} again`);

const broken = await problemOf(dags.deployDag({ workflowRequest: hello("airflow.operators.bash.BashOperater") }));
for (const fault of broken.errors ?? []) console.log(`${broken.status} ${fault.pointer}: ${fault.detail}`);

const viewer = await signIn("viewer", process.env["VIEWER_PASSWORD"]!);
const forbidden = await problemOf(new DagsApi(viewer).deleteDag({ dagId: DAG_ID }));
console.log(`${forbidden.status} ${forbidden.detail}`);

console.log(`deleted ${(await dags.deleteDag({ dagId: DAG_ID })).dagId}`);
