// Deploys a workflow, runs it and reads its state, with the Go client that openapi-generator makes.
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
	"time"

	manageddags "github.com/example/manageddags"
)

const dagID = "hello_go"

func must[T any](value T, _ any, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// signIn returns a context that sends the user's token with every request.
func signIn(client *manageddags.APIClient, username, password string) context.Context {
	request := *manageddags.NewLoginRequest(username, password)
	tokens := must(client.SecurityAPI.Login(context.Background()).LoginRequest(request).Execute())
	return context.WithValue(context.Background(), manageddags.ContextAccessToken, tokens.AccessToken)
}

// hello returns a workflow with one task.
func hello(operator string) manageddags.WorkflowRequest {
	dag := map[string]any{
		"schedule":     nil,
		"default_args": map[string]any{"owner": "data-team", "start_date": "2024-01-01T00:00:00Z", "retries": 0},
		"tags":         []string{"example"},
		"tasks":        map[string]any{"greet": map[string]any{"operator": operator, "bash_command": "echo hello"}},
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
	deployment := must(client.DagsAPI.DeployDag(admin).WorkflowRequest(working).Wait(60).Execute())
	fmt.Printf("deployed %s: %s\n", deployment.DagId, deployment.State)

	conf := map[string]any{"tables": []any{"orders"}, "limit": 10.0}
	wanted := manageddags.TriggerRequest{Conf: conf}
	run := must(client.DagRunsAPI.TriggerDag(admin, dagID).TriggerRequest(wanted).Execute())
	if run.EndDate.Get() != nil { // null arrives as nil
		log.Fatal("the run has ended already")
	}
	for run.GetState() != "success" && run.GetState() != "failed" {
		time.Sleep(500 * time.Millisecond)
		run = must(client.DagRunsAPI.DagState(admin, dagID, run.RunId).Execute())
	}
	if run.EndDate.Get().Before(run.LogicalDate) { // date-times as time.Time
		log.Fatal("the run ended before it began")
	}
	if !reflect.DeepEqual(run.Conf, conf) { // a map as map[string]any
		log.Fatalf("the run's conf is %v", run.Conf)
	}
	fmt.Printf("ran: %s\n", run.GetState())

	_, _, err := client.DagsAPI.DeployDag(admin).WorkflowRequest(hello("airflow.operators.bash.BashOperater")).Execute()
	broken := problemOf(err)
	for _, fault := range broken.Errors {
		fmt.Printf("%d %s: %s\n", broken.Status, fault.Pointer, fault.Detail)
	}

	viewer := signIn(client, "viewer", os.Getenv("VIEWER_PASSWORD"))
	_, _, err = client.DagsAPI.DeleteDag(viewer, dagID).Execute()
	forbidden := problemOf(err)
	fmt.Printf("%d %s\n", forbidden.Status, forbidden.Detail)

	deleted := must(client.DagsAPI.DeleteDag(admin, dagID).Execute())
	fmt.Printf("deleted %s\n", deleted.DagId)
}
