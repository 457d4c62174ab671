"""Deploys a workflow, runs it, asks why a run failed, and repairs, with the client of openapi-python-client.

openapi-python-client generate --path openapi/openapi.yaml --meta none --output-path managed_dags_client
pip install attrs httpx python-dateutil
AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... python with_openapi_python_client.py
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import TYPE_CHECKING

import httpx
from managed_dags_client import AuthenticatedClient, Client
from managed_dags_client.api.dag_runs import dag_state, explain_dag_run, kill_dag_runs, restart_dag_runs, trigger_dag
from managed_dags_client.api.dags import delete_dag, deploy_dag, list_dags, patch_dag
from managed_dags_client.api.security import login, refresh
from managed_dags_client.api.task_instances import succeed_task_instance, task_log
from managed_dags_client.models import (
    ChosenRuns,
    ChosenRunsStatesItem,
    DagRun,
    DagRunExplanation,
    DeletedDag,
    DeployedDagCollection,
    Deployment,
    KilledRuns,
    ListDagsLastDagRunStateItem,
    LoginRequest,
    PatchDagRequest,
    PatchedDag,
    Problem,
    RestartedRuns,
    StoppedRun,
    TaskLog,
    Tokens,
    TriggerRequest,
    TriggerRequestConf,
    WorkflowRequest,
)

if TYPE_CHECKING:
    from collections.abc import Generator

DAG_ID = "hello_attrs"
URL = os.environ["AIRFLOW_URL"]
RENEW_AFTER = float(os.environ.get("RENEW_AFTER_SECONDS", "600"))
COMMAND = "echo hello; exit {{ dag_run.conf.get('exit_code', 0) }}"


class RenewedToken(httpx.Auth):
    """Sends an access token that is renewed before it ends, after 15 minutes."""

    def __init__(self, tokens: Tokens) -> None:
        self._refreshing = AuthenticatedClient(URL, token=tokens.refresh_token)
        self._token, self._since = tokens.access_token, time.monotonic()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to a request."""
        if time.monotonic() - self._since > RENEW_AFTER:
            tokens = refresh.sync(client=self._refreshing)
            assert isinstance(tokens, Tokens), tokens
            self._token, self._since = tokens.access_token, time.monotonic()
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def sign_in(username: str, password: str) -> Client:
    """Return a client that sends the user's token with every request."""
    tokens = login.sync(client=Client(URL), body=LoginRequest(username=username, password=password, refresh=True))
    assert isinstance(tokens, Tokens), tokens
    return Client(URL, timeout=httpx.Timeout(120), httpx_args={"auth": RenewedToken(tokens)})


def hello(operator: str) -> WorkflowRequest:
    """Return a workflow with one task, from the same document that one would send with curl."""
    dag = {
        "schedule": None,
        "default_args": {"owner": "data-team", "start_date": "2024-01-01T00:00:00Z", "retries": 0},
        "tags": ["example"],
        "tasks": {"greet": {"operator": operator, "bash_command": COMMAND}},
    }
    workflow = {"name": DAG_ID, "force": True, "unpause": True, "dag_config": {DAG_ID: dag}}
    return WorkflowRequest.from_dict({"workflow": workflow})


def run_to_its_end(client: Client, conf: dict) -> DagRun:
    """Start a run, and wait until it has ended."""
    body = TriggerRequest(conf=TriggerRequestConf.from_dict(conf))
    run = trigger_dag.sync(DAG_ID, client=client, body=body, wait=30)
    assert isinstance(run, DagRun), run
    while not run.has_ended:
        time.sleep(1)  # an answer comes at once where too many wait already
        run = dag_state.sync(DAG_ID, run.run_id, client=client, wait=30)
        assert isinstance(run, DagRun), run
    return run


def main() -> None:
    """Go from the login to the deletion. What isn't a success arrives as a Problem, not as an exception."""
    admin = sign_in("admin", os.environ["ADMIN_PASSWORD"])

    deployment = deploy_dag.sync(client=admin, body=hello("airflow.operators.bash.BashOperator"), wait=60)
    assert isinstance(deployment, Deployment), deployment
    print(f"deployed {deployment.dag_id}: {deployment.state.value}")

    run = run_to_its_end(admin, {"tables": ["orders"], "limit": 10})
    assert isinstance(run.end_date, datetime)  # a date-time as datetime
    assert run.conf.to_dict() == {"tables": ["orders"], "limit": 10}
    print(f"ran: {run.state}")

    failed = run_to_its_end(admin, {"exit_code": 3})
    explanation = explain_dag_run.sync(DAG_ID, failed.run_id, client=admin)
    assert isinstance(explanation, DagRunExplanation), explanation
    for failure in explanation.failures:
        print(f"failed: {failure.task_id}: {failure.reason}")
    log = task_log.sync(DAG_ID, failed.run_id, "greet", client=admin, tail_lines=100)
    assert isinstance(log, TaskLog), log
    assert "hello" in log.content
    last_failed = [ListDagsLastDagRunStateItem.FAILED]
    listed = list_dags.sync(client=admin, dag_id_pattern=DAG_ID, last_dag_run_state=last_failed)
    assert isinstance(listed, DeployedDagCollection), listed
    assert [dag.last_run.run_id for dag in listed.dags] == [failed.run_id]

    patched = patch_dag.sync(DAG_ID, client=admin, body=PatchDagRequest(is_paused=True))
    assert isinstance(patched, PatchedDag), patched
    print(f"paused: {patched.is_paused}".lower())
    waiting = trigger_dag.sync(DAG_ID, client=admin, body=TriggerRequest())
    assert isinstance(waiting, DagRun), waiting
    assert waiting.end_date is None  # null arrives as None
    killed = kill_dag_runs.sync(DAG_ID, client=admin, body=ChosenRuns(run_ids=[waiting.run_id]))
    assert isinstance(killed, KilledRuns), killed
    chosen = ChosenRuns(states=[ChosenRunsStatesItem.FAILED])
    plan = restart_dag_runs.sync(DAG_ID, client=admin, body=chosen, dry_run=True)
    assert isinstance(plan, RestartedRuns), plan
    print(f"killed: {len(killed.dag_runs)}, to restart: {len(plan.dag_runs)}")
    succeeded = succeed_task_instance.sync(DAG_ID, failed.run_id, "greet", client=admin)
    assert isinstance(succeeded, StoppedRun), succeeded
    print(f"succeeded: {succeeded.task_instances[0].task_id}; the run is {succeeded.state} again")

    refused = deploy_dag.sync(client=admin, body=hello("airflow.operators.bash.BashOperater"))
    assert isinstance(refused, Problem), refused
    for fault in refused.errors or []:
        print(f"{refused.status} {fault.pointer}: {fault.detail}")

    viewer = sign_in("viewer", os.environ["VIEWER_PASSWORD"])
    forbidden = delete_dag.sync(DAG_ID, client=viewer)
    assert isinstance(forbidden, Problem), forbidden
    print(f"{forbidden.status} {forbidden.detail}")

    deleted = delete_dag.sync(DAG_ID, client=admin)
    assert isinstance(deleted, DeletedDag), deleted
    print(f"deleted {deleted.dag_id}")


if __name__ == "__main__":
    main()
