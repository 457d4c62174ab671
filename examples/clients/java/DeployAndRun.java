import java.net.http.HttpClient;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.DagRunsApi;
import org.openapitools.client.api.DagsApi;
import org.openapitools.client.api.SecurityApi;
import org.openapitools.client.model.DagRun;
import org.openapitools.client.model.Deployment;
import org.openapitools.client.model.Fault;
import org.openapitools.client.model.LoginRequest;
import org.openapitools.client.model.Problem;
import org.openapitools.client.model.TriggerRequest;
import org.openapitools.client.model.Workflow;
import org.openapitools.client.model.WorkflowRequest;

/**
 * Deploys a workflow, runs it and reads its state, with the Java client that openapi-generator makes:
 *
 * <pre>
 * openapi-generator-cli generate -g java --library native -i openapi/openapi.yaml -o client \
 *     --additional-properties openApiNullable=false
 * (cd client && mvn package dependency:copy-dependencies)
 * AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... \
 *     java -cp 'client/target/*:client/target/dependency/*' DeployAndRun.java
 * </pre>
 */
public final class DeployAndRun {
    private static final String DAG_ID = "hello_java";

    /** A client that sends the user's token with every request. */
    private static ApiClient signIn(String username, String password) throws ApiException {
        // Airflow's web server speaks HTTP/1.1; offering more would cost a round trip.
        ApiClient client = new ApiClient();
        client.setHttpClientBuilder(HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1));
        client.updateBaseUri(System.getenv("AIRFLOW_URL"));
        String token = new SecurityApi(client)
            .login(new LoginRequest().username(username).password(password))
            .getAccessToken();
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
        return client;
    }

    /** A workflow with one task. A schedule of "None" is one of null, which Map.of doesn't take. */
    private static WorkflowRequest hello(String operator) {
        Map<String, Object> dag = Map.of(
            "schedule", "None",
            "default_args", Map.of("owner", "data-team", "start_date", "2024-01-01T00:00:00Z", "retries", 0),
            "tags", List.of("example"),
            "tasks", Map.of("greet", Map.of("operator", operator, "bash_command", "echo hello")));
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

        Deployment deployment = dags.deployDag(hello("airflow.operators.bash.BashOperator"), false, 60);
        System.out.printf("deployed %s: %s%n", deployment.getDagId(), deployment.getState());

        Map<String, Object> conf = Map.of("tables", List.of("orders"), "limit", 10);
        DagRun run = dagRuns.triggerDag(DAG_ID, new TriggerRequest().conf(conf));
        check(run.getEndDate() == null, "null arrives as null");
        while (!List.of("success", "failed").contains(String.valueOf(run.getState()))) {
            Thread.sleep(500);
            run = dagRuns.dagState(DAG_ID, run.getRunId());
        }
        OffsetDateTime ended = run.getEndDate();
        check(ended.isAfter(run.getLogicalDate()), "date-times arrive as OffsetDateTime");
        check(run.getConf().equals(conf), "a map arrives as Map");
        System.out.printf("ran: %s%n", run.getState());

        try {
            dags.deployDag(hello("airflow.operators.bash.BashOperater"), false, 0);
        } catch (ApiException refused) {
            Problem problem = problemOf(refused);
            for (Fault fault : problem.getErrors()) {
                System.out.printf("%d %s: %s%n", problem.getStatus(), fault.getPointer(), fault.getDetail());
            }
        }

        try {
            new DagsApi(signIn("viewer", System.getenv("VIEWER_PASSWORD"))).deleteDag(DAG_ID);
        } catch (ApiException refused) {
            Problem problem = problemOf(refused);
            System.out.printf("%d %s%n", problem.getStatus(), problem.getDetail());
        }

        System.out.printf("deleted %s%n", dags.deleteDag(DAG_ID).getDagId());
    }
}
