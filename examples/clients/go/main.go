// Deploys a workflow, runs it, asks why a run failed, and repairs, with the Go client that openapi-generator makes.
//
//	openapi-generator-cli generate -g go -i openapi/openapi.yaml -o manageddags \
//	    --additional-properties packageName=manageddags --git-user-id example --git-repo-id manageddags
//	go mod init example && go mod edit -replace github.com/example/manageddags=./manageddags && go mod tidy
//	AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	manageddags "github.com/example/manageddags"
)

const dagID = "hello_go"
const command = "echo hello; exit {{ dag_run.conf.get('exit_code', 0) }}"

func must[T any](value T, _ any, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// user has tokens; the access token is renewed before it ends, after 15 minutes.
type user struct {
	client          *manageddags.APIClient
	access, refresh string
	since           time.Time
}

func signIn(client *manageddags.APIClient, username, password string) *user {
	request := *manageddags.NewLoginRequest(username, password)
	request.SetRefresh(true)
	tokens := must(client.SecurityAPI.Login(context.Background()).LoginRequest(request).Execute())
	return &user{client, tokens.AccessToken, tokens.GetRefreshToken(), time.Now()}
}

// context returns a context that sends the user's token with a request.
func (user *user) context() context.Context {
	if time.Since(user.since) > renewAfter() {
		refreshing := context.WithValue(context.Background(), manageddags.ContextAccessToken, user.refresh)
		user.access = must(user.client.SecurityAPI.Refresh(refreshing).Execute()).AccessToken
		user.since = time.Now()
	}
	return context.WithValue(context.Background(), manageddags.ContextAccessToken, user.access)
}

func renewAfter() time.Duration {
	seconds, err := strconv.Atoi(os.Getenv("RENEW_AFTER_SECONDS"))
	if err != nil {
		seconds = 600
	}
	return time.Duration(seconds) * time.Second
}

// runToItsEnd starts a run, and waits until it has ended.
func runToItsEnd(admin *user, conf map[string]any) *manageddags.DagRun {
	runs := admin.client.DagRunsAPI
	wanted := manageddags.TriggerRequest{Conf: conf}
	run := must(runs.TriggerDag(admin.context(), dagID).TriggerRequest(wanted).Wait(30).Execute())
	for !run.GetHasEnded() {
		time.Sleep(time.Second) // an answer comes at once where too many wait already
		run = must(runs.DagState(admin.context(), dagID, run.RunId).Wait(30).Execute())
	}
	return run
}

// hello returns a workflow with one task.
func hello(operator string) manageddags.WorkflowRequest {
	dag := map[string]any{
		"schedule":     nil,
		"default_args": map[string]any{"owner": "data-team", "start_date": "2024-01-01T00:00:00Z", "retries": 0},
		"tags":         []string{"example"},
		"tasks":        map[string]any{"greet": map[string]any{"operator": operator, "bash_command": command}},
	}
	workflow := manageddags.NewWorkflow(dagID, map[string]map[string]any{dagID: dag})
	workflow.SetForce(true)
	workflow.SetUnpause(true)
	return *manageddags.NewWorkflowRequest(*workflow)
}

// problemOf returns what the server said about a request that it refused.
func problemOf(err error) manageddags.Problem {
	var refused *manageddags.GenericOpenAPIError
	if !errors.As(err, &refused) {
		log.Fatalf("it was not refused: %v", err)
	}
	return refused.Model().(manageddags.Problem)
}

func main() {
	configuration := manageddags.NewConfiguration()
	configuration.Servers = manageddags.ServerConfigurations{{URL: os.Getenv("AIRFLOW_URL")}}
	client := manageddags.NewAPIClient(configuration)
	admin := signIn(client, "admin", os.Getenv("ADMIN_PASSWORD"))

	working := hello("airflow.operators.bash.BashOperator")
	deployment := must(client.DagsAPI.DeployDag(admin.context()).WorkflowRequest(working).Wait(60).Execute())
	fmt.Printf("deployed %s: %s\n", deployment.DagId, deployment.State)

	conf := map[string]any{"tables": []any{"orders"}, "limit": 10.0}
	run := runToItsEnd(admin, conf)
	if run.EndDate.Get().Before(run.LogicalDate) { // date-times as time.Time
		log.Fatal("the run ended before it began")
	}
	if !reflect.DeepEqual(run.Conf, conf) { // a map as map[string]any
		log.Fatalf("the run's conf is %v", run.Conf)
	}
	fmt.Printf("ran: %s\n", run.GetState())

	failed := runToItsEnd(admin, map[string]any{"exit_code": 3})
	explanation := must(client.DagRunsAPI.ExplainDagRun(admin.context(), dagID, failed.RunId).Execute())
	for _, failure := range explanation.Failures {
		fmt.Printf("failed: %s: %s\n", failure.TaskId, failure.Reason)
	}
	taskLog := client.TaskInstancesAPI.TaskLog(admin.context(), dagID, failed.RunId, "greet").TailLines(100)
	if !strings.Contains(must(taskLog.Execute()).Content, "hello") {
		log.Fatal("the log has not what the task printed")
	}
	listed := must(client.DagsAPI.ListDags(admin.context()).DagIdPattern(dagID).LastDagRunState([]string{"failed"}).Execute())
	if len(listed.Dags) != 1 || listed.Dags[0].LastRun.RunId != failed.RunId {
		log.Fatal("the list has not the last run")
	}

	pause := *manageddags.NewPatchDagRequest(true)
	patched := must(client.DagsAPI.PatchDag(admin.context(), dagID).PatchDagRequest(pause).Execute())
	fmt.Printf("paused: %t\n", patched.IsPaused)
	waiting := must(client.DagRunsAPI.TriggerDag(admin.context(), dagID).Execute())
	if waiting.EndDate.Get() != nil { // null arrives as nil
		log.Fatal("the run has ended already")
	}
	theWaiting := manageddags.ChosenRuns{RunIds: []string{waiting.RunId}}
	killed := must(client.DagRunsAPI.KillDagRuns(admin.context(), dagID).ChosenRuns(theWaiting).Execute())
	theFailed := manageddags.ChosenRuns{States: []string{"failed"}}
	plan := must(client.DagRunsAPI.RestartDagRuns(admin.context(), dagID).ChosenRuns(theFailed).DryRun(true).Execute())
	fmt.Printf("killed: %d, to restart: %d\n", len(killed.DagRuns), len(plan.DagRuns))
	succeeded := must(client.TaskInstancesAPI.SucceedTaskInstance(admin.context(), dagID, failed.RunId, "greet").Execute())
	fmt.Printf("succeeded: %s; the run is %s again\n", succeeded.TaskInstances[0].TaskId, succeeded.GetState())

	_, _, err := client.DagsAPI.DeployDag(admin.context()).WorkflowRequest(hello("airflow.operators.bash.BashOperater")).Execute()
	broken := problemOf(err)
	for _, fault := range broken.Errors {
		fmt.Printf("%d %s: %s\n", broken.Status, fault.Pointer, fault.Detail)
	}

	viewer := signIn(client, "viewer", os.Getenv("VIEWER_PASSWORD"))
	_, _, err = client.DagsAPI.DeleteDag(viewer.context(), dagID).Execute()
	forbidden := problemOf(err)
	fmt.Printf("%d %s\n", forbidden.Status, forbidden.Detail)

	deleted := must(client.DagsAPI.DeleteDag(admin.context(), dagID).Execute())
	fmt.Printf("deleted %s\n", deleted.DagId)
}
