/*
 * Deploys a workflow, runs it and reads its state, with the client that openapi-generator makes.
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
  type Problem,
  type WorkflowRequest,
} from "./managed-dags/index.js";

const DAG_ID = "hello_fetch";
const basePath = process.env["AIRFLOW_URL"]!;

async function signIn(username: string, password: string): Promise<Configuration> {
  const security = new SecurityApi(new Configuration({ basePath }));
  const { accessToken } = await security.login({ loginRequest: { username, password } });
  return new Configuration({ basePath, accessToken });
}

function hello(operator: string): WorkflowRequest {
  const dag = {
    schedule: null,
    default_args: { owner: "data-team", retries: 0, start_date: "2024-01-01T00:00:00Z" },
    tags: ["example"],
    tasks: { greet: { operator, bash_command: "echo hello" } },
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

const admin = await signIn("admin", process.env["ADMIN_PASSWORD"]!);
const dags = new DagsApi(admin);
const dagRuns = new DagRunsApi(admin);

const deployment = await dags.deployDag({ workflowRequest: hello("airflow.operators.bash.BashOperator"), wait: 60 });
console.log(`deployed ${deployment.dagId}: ${deployment.state}`);

const conf = { tables: ["orders"], limit: 10 };
let run = await dagRuns.triggerDag({ dagId: DAG_ID, triggerRequest: { conf } });
if (run.endDate !== null) throw new Error("null arrives as null");
while (run.state !== "success" && run.state !== "failed") {
  await sleep(500);
  run = await dagRuns.dagState({ dagId: DAG_ID, runId: run.runId });
}
if (!(run.endDate instanceof Date)) throw new Error("A date-time arrives as Date");
if (JSON.stringify(run.conf) !== JSON.stringify(conf)) throw new Error("A map arrives as it was sent");
console.log(`ran: ${run.state}`);

const broken = await problemOf(dags.deployDag({ workflowRequest: hello("airflow.operators.bash.BashOperater") }));
for (const fault of broken.errors ?? []) console.log(`${broken.status} ${fault.pointer}: ${fault.detail}`);

const viewer = await signIn("viewer", process.env["VIEWER_PASSWORD"]!);
const forbidden = await problemOf(new DagsApi(viewer).deleteDag({ dagId: DAG_ID }));
console.log(`${forbidden.status} ${forbidden.detail}`);

console.log(`deleted ${(await dags.deleteDag({ dagId: DAG_ID })).dagId}`);
