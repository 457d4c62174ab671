"""Deploys a workflow, runs it, asks why a run failed, and repairs, with the Python client of openapi-generator.

openapi-generator-cli generate -g python -i openapi/openapi.yaml -o client -p packageName=managed_dags
pip install ./client
AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... python with_openapi_generator.py
"""

from __future__ import annotations

import os
import time
from datetime import datetime

from managed_dags import (
    ApiClient,
    ChosenRuns,
    Configuration,
    DagRun,
    DagRunsApi,
    DagsApi,
    LoginRequest,
    PatchDagRequest,
    SecurityApi,
    TaskInstancesApi,
    TriggerRequest,
    Workflow,
    WorkflowRequest,
)
from managed_dags.exceptions import BadRequestException, ForbiddenException

DAG_ID = "hello_python"
RENEW_AFTER = float(os.environ.get("RENEW_AFTER_SECONDS", "600"))
COMMAND = "echo hello; exit {{ dag_run.conf.get('exit_code', 0) }}"


class SignedIn(Configuration):
    """A configuration whose access token is renewed before it ends, after 15 minutes."""

    def __init__(self, username: str, password: str) -> None:
        super().__init__(host=os.environ["AIRFLOW_URL"])
        anonymous = Configuration(host=self.host)
        request = LoginRequest(username=username, password=password, refresh=True)
        tokens = SecurityApi(ApiClient(anonymous)).login(request)
        self._refreshing = Configuration(host=self.host, access_token=tokens.refresh_token)
        self.access_token = tokens.access_token

    @property
    def access_token(self) -> str:
        """The access token, which each request asks for."""
        if time.monotonic() - self._since > RENEW_AFTER:
            self.access_token = SecurityApi(ApiClient(self._refreshing)).refresh().access_token
        return self._access_token

    @access_token.setter
    def access_token(self, token: str) -> None:
        self._access_token, self._since = token, time.monotonic()


def sign_in(username: str, password: str) -> ApiClient:
    """Return a client that sends the user's token with every request."""
    return ApiClient(SignedIn(username, password))


def hello(operator: str) -> WorkflowRequest:
    """Return a workflow with one task."""
    dag = {
        "schedule": None,
        "default_args": {"owner": "data-team", "start_date": "2024-01-01T00:00:00Z", "retries": 0},
        "tags": ["example"],
        "tasks": {"greet": {"operator": operator, "bash_command": COMMAND}},
    }
    return WorkflowRequest(workflow=Workflow(name=DAG_ID, force=True, unpause=True, dag_config={DAG_ID: dag}))


def run_to_its_end(dag_runs: DagRunsApi, conf: dict) -> DagRun:
    """Start a run, and wait until it has ended."""
    run = dag_runs.trigger_dag(DAG_ID, trigger_request=TriggerRequest(conf=conf), wait=30)
    while not run.has_ended:
        time.sleep(1)  # an answer comes at once where too many wait already
        run = dag_runs.dag_state(DAG_ID, run.run_id, wait=30)
    return run


def main() -> None:
    """Go from the login to the deletion."""
    admin = sign_in("admin", os.environ["ADMIN_PASSWORD"])
    dags, dag_runs = DagsApi(admin), DagRunsApi(admin)

    deployment = dags.deploy_dag(hello("airflow.operators.bash.BashOperator"), wait=60)
    print(f"deployed {deployment.dag_id}: {deployment.state.value}")

    run = run_to_its_end(dag_runs, {"tables": ["orders"], "limit": 10})
    assert isinstance(run.end_date, datetime)  # a date-time as datetime
    assert run.conf == {"tables": ["orders"], "limit": 10}  # a map as dict
    print(f"ran: {run.state}")

    failed = run_to_its_end(dag_runs, {"exit_code": 3})
    explanation = dag_runs.explain_dag_run(DAG_ID, failed.run_id)
    for failure in explanation.failures:
        print(f"failed: {failure.task_id}: {failure.reason}")
    task_instances = TaskInstancesApi(admin)
    log = task_instances.task_log(DAG_ID, failed.run_id, "greet", tail_lines=100)
    assert "hello" in log.content
    (listed,) = dags.list_dags(dag_id_pattern=DAG_ID, last_dag_run_state=["failed"]).dags
    assert listed.last_run.run_id == failed.run_id

    print(f"paused: {dags.patch_dag(DAG_ID, PatchDagRequest(is_paused=True)).is_paused}".lower())
    waiting = dag_runs.trigger_dag(DAG_ID)
    assert waiting.end_date is None  # null arrives as None
    killed = dag_runs.kill_dag_runs(DAG_ID, ChosenRuns(run_ids=[waiting.run_id]))
    plan = dag_runs.restart_dag_runs(DAG_ID, ChosenRuns(states=["failed"]), dry_run=True)
    print(f"killed: {len(killed.dag_runs)}, to restart: {len(plan.dag_runs)}")
    succeeded = task_instances.succeed_task_instance(DAG_ID, failed.run_id, "greet")
    print(f"succeeded: {succeeded.task_instances[0].task_id}; the run is {succeeded.state} again")

    try:
        dags.deploy_dag(hello("airflow.operators.bash.BashOperater"))
    except BadRequestException as error:
        for fault in error.data.errors:
            print(f"{error.data.status} {fault.pointer}: {fault.detail}")

    try:
        DagsApi(sign_in("viewer", os.environ["VIEWER_PASSWORD"])).delete_dag(DAG_ID)
    except ForbiddenException as error:
        print(f"{error.data.status} {error.data.detail}")

    print(f"deleted {dags.delete_dag(DAG_ID).dag_id}")


if __name__ == "__main__":
    main()
