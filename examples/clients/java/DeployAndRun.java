import java.net.http.HttpClient;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.DagRunsApi;
import org.openapitools.client.api.DagsApi;
import org.openapitools.client.api.SecurityApi;
import org.openapitools.client.api.TaskInstancesApi;
import org.openapitools.client.model.ChosenRuns;
import org.openapitools.client.model.DagRun;
import org.openapitools.client.model.DeployedDag;
import org.openapitools.client.model.Deployment;
import org.openapitools.client.model.Fault;
import org.openapitools.client.model.KilledRuns;
import org.openapitools.client.model.LoginRequest;
import org.openapitools.client.model.PatchDagRequest;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.RestartedRuns;
import org.openapitools.client.model.StoppedRun;
import org.openapitools.client.model.TaskFailure;
import org.openapitools.client.model.Tokens;
import org.openapitools.client.model.TriggerRequest;
import org.openapitools.client.model.Workflow;
import org.openapitools.client.model.WorkflowRequest;

/**
 * Deploys a workflow, runs it, asks why a run failed, and repairs, with the Java client that openapi-generator makes:
 *
 * <pre>
 * openapi-generator-cli generate -g java --library native -i openapi/openapi.yaml -o client \
 *     --additional-properties openApiNullable=false,containerDefaultToNull=true
 * (cd client && mvn package dependency:copy-dependencies)
 * AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... \
 *     java -cp 'client/target/*:client/target/dependency/*' DeployAndRun.java
 * </pre>
 */
public final class DeployAndRun {
    private static final String DAG_ID = "hello_java";
    private static final String COMMAND = "echo hello; exit {{ dag_run.conf.get('exit_code', 0) }}";
    private static final Duration RENEW_AFTER =
        Duration.ofSeconds(Long.parseLong(System.getenv().getOrDefault("RENEW_AFTER_SECONDS", "600")));

    /** An access token that is renewed before it ends, after 15 minutes. */
    private static final class Token {
        private final String refreshToken;
        private String accessToken;
        private Instant since = Instant.now();

        Token(Tokens tokens) {
            refreshToken = tokens.getRefreshToken();
            accessToken = tokens.getAccessToken();
        }

        synchronized String get() {
            if (since.plus(RENEW_AFTER).isBefore(Instant.now())) {
                ApiClient client = anonymous();
                client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + refreshToken));
                try {
                    accessToken = new SecurityApi(client).refresh().getAccessToken();
                } catch (ApiException refused) {
                    throw new IllegalStateException(refused);
                }
                since = Instant.now();
            }
            return accessToken;
        }
    }

    private static ApiClient anonymous() {
        // Airflow's web server speaks HTTP/1.1; offering more would cost a round trip.
        ApiClient client = new ApiClient();
        client.setHttpClientBuilder(HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1));
        client.updateBaseUri(System.getenv("AIRFLOW_URL"));
        return client;
    }

    /** A client that sends the user's token with every request. */
    private static ApiClient signIn(String username, String password) throws ApiException {
        LoginRequest request = new LoginRequest().username(username).password(password).refresh(true);
        Token token = new Token(new SecurityApi(anonymous()).login(request));
        ApiClient client = anonymous();
        client.setRequestInterceptor(sent -> sent.header("Authorization", "Bearer " + token.get()));
        return client;
    }

    /** Starts a run, and waits until it has ended. */
    private static DagRun runToItsEnd(DagRunsApi dagRuns, Map<String, Object> conf) throws Exception {
        DagRun run = dagRuns.triggerDag(DAG_ID, false, 30, null, new TriggerRequest().conf(conf));
        while (!Boolean.TRUE.equals(run.getHasEnded())) {
            Thread.sleep(1000); // an answer comes at once where too many wait already
            run = dagRuns.dagState(DAG_ID, run.getRunId(), 30);
        }
        return run;
    }

    /** A workflow with one task. A schedule of "None" is one of null, which Map.of doesn't take. */
    private static WorkflowRequest hello(String operator) {
        Map<String, Object> dag = Map.of(
            "schedule", "None",
            "default_args", Map.of("owner", "data-team", "start_date", "2024-01-01T00:00:00Z", "retries", 0),
            "tags", List.of("example"),
            "tasks", Map.of("greet", Map.of("operator", operator, "bash_command", COMMAND)));
        Workflow workflow = new Workflow().name(DAG_ID).force(true).unpause(true).dagConfig(Map.of(DAG_ID, dag));
        return new WorkflowRequest().workflow(workflow);
    }

    private static Problem problemOf(ApiException refused) throws Exception {
        return ApiClient.createDefaultObjectMapper().readValue(refused.getResponseBody(), Problem.class);
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    public static void main(String[] arguments) throws Exception {
        ApiClient admin = signIn("admin", System.getenv("ADMIN_PASSWORD"));
        DagsApi dags = new DagsApi(admin);
        DagRunsApi dagRuns = new DagRunsApi(admin);

        Deployment deployment = dags.deployDag(hello("airflow.operators.bash.BashOperator"), false, 60, null, null, null, null, null, null);
        System.out.printf("deployed %s: %s%n", deployment.getDagId(), deployment.getState());

        Map<String, Object> conf = Map.of("tables", List.of("orders"), "limit", 10);
        DagRun run = runToItsEnd(dagRuns, conf);
        OffsetDateTime ended = run.getEndDate();
        check(ended.isAfter(run.getLogicalDate()), "date-times arrive as OffsetDateTime");
        check(run.getConf().equals(conf), "a map arrives as Map");
        System.out.printf("ran: %s%n", run.getState());

        DagRun failed = runToItsEnd(dagRuns, Map.of("exit_code", 3));
        for (TaskFailure failure : dagRuns.explainDagRun(DAG_ID, failed.getRunId()).getFailures()) {
            System.out.printf("failed: %s: %s%n", failure.getTaskId(), failure.getReason());
        }
        TaskInstancesApi taskInstances = new TaskInstancesApi(admin);
        String log = taskInstances.taskLog(DAG_ID, failed.getRunId(), "greet", null, null, 100, null).getContent();
        check(log.contains("hello"), "the log has what the task printed");
        List<DeployedDag> listed = dags
            .listDags(null, null, DAG_ID, null, null, null, null, null, List.of("failed"), null, null, null, null, null, null, null, null)
            .getDags();
        check(listed.get(0).getLastRun().getRunId().equals(failed.getRunId()), "the list has the last run");

        boolean paused = dags.patchDag(DAG_ID, new PatchDagRequest().isPaused(true), false, null).getIsPaused();
        System.out.printf("paused: %b%n", paused);
        DagRun waiting = dagRuns.triggerDag(DAG_ID, false, 0, null, new TriggerRequest());
        check(waiting.getEndDate() == null, "null arrives as null");
        ChosenRuns theWaiting = new ChosenRuns().runIds(List.of(waiting.getRunId()));
        KilledRuns killed = dagRuns.killDagRuns(DAG_ID, theWaiting, false, 0, null);
        ChosenRuns theFailed = new ChosenRuns().states(List.of(ChosenRuns.StatesEnum.FAILED));
        RestartedRuns plan = dagRuns.restartDagRuns(DAG_ID, theFailed, true, null);
        System.out.printf("killed: %d, to restart: %d%n", killed.getDagRuns().size(), plan.getDagRuns().size());
        StoppedRun succeeded =
            taskInstances.succeedTaskInstance(DAG_ID, failed.getRunId(), "greet", null, false, 0, null);
        System.out.printf(
            "succeeded: %s; the run is %s again%n",
            succeeded.getTaskInstances().get(0).getTaskId(), succeeded.getState());

        try {
            dags.deployDag(hello("airflow.operators.bash.BashOperater"), false, 0, null, null, null, null, null, null);
        } catch (ApiException refused) {
            Problem problem = problemOf(refused);
            for (Fault fault : problem.getErrors()) {
                System.out.printf("%d %s: %s%n", problem.getStatus(), fault.getPointer(), fault.getDetail());
            }
        }

        try {
            new DagsApi(signIn("viewer", System.getenv("VIEWER_PASSWORD"))).deleteDag(DAG_ID, false, null, null);
        } catch (ApiException refused) {
            Problem problem = problemOf(refused);
            System.out.printf("%d %s%n", problem.getStatus(), problem.getDetail());
        }

        System.out.printf("deleted %s%n", dags.deleteDag(DAG_ID, false, null, null).getDagId());
    }
}
