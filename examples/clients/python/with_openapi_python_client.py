"""Deploys a workflow, runs it and reads its state, with the client that openapi-python-client makes.

openapi-python-client generate --path openapi/openapi.yaml --meta none --output-path managed_dags_client
pip install attrs httpx python-dateutil
AIRFLOW_URL=http://127.0.0.1:8080 ADMIN_PASSWORD=... VIEWER_PASSWORD=... python with_openapi_python_client.py
"""

from __future__ import annotations

import os
import time
from datetime import datetime

from managed_dags_client import AuthenticatedClient, Client
from managed_dags_client.api.dag_runs import dag_state, trigger_dag
from managed_dags_client.api.dags import delete_dag, deploy_dag
from managed_dags_client.api.security import login
from managed_dags_client.models import (
    DagRun,
    DeletedDag,
    Deployment,
    LoginRequest,
    Problem,
    Tokens,
    TriggerRequest,
    TriggerRequestConf,
    WorkflowRequest,
)

DAG_ID = "hello_attrs"
URL = os.environ["AIRFLOW_URL"]


def sign_in(username: str, password: str) -> AuthenticatedClient:
    """Return a client that sends the user's token with every request."""
    tokens = login.sync(client=Client(URL), body=LoginRequest(username=username, password=password))
    assert isinstance(tokens, Tokens), tokens
    return AuthenticatedClient(URL, token=tokens.access_token)


def hello(operator: str) -> WorkflowRequest:
    """Return a workflow with one task, from the same document that one would send with curl."""
    dag = {
        "schedule": None,
        "default_args": {"owner": "data-team", "start_date": "2024-01-01T00:00:00Z", "retries": 0},
        "tags": ["example"],
        "tasks": {"greet": {"operator": operator, "bash_command": "echo hello"}},
    }
    workflow = {"name": DAG_ID, "force": True, "unpause": True, "dag_config": {DAG_ID: dag}}
    return WorkflowRequest.from_dict({"workflow": workflow})


def main() -> None:
    """Go from the login to the deletion. What isn't a success arrives as a Problem, not as an exception."""
    admin = sign_in("admin", os.environ["ADMIN_PASSWORD"])

    deployment = deploy_dag.sync(client=admin, body=hello("airflow.operators.bash.BashOperator"), wait=60)
    assert isinstance(deployment, Deployment), deployment
    print(f"deployed {deployment.dag_id}: {deployment.state.value}")

    conf = TriggerRequestConf.from_dict({"tables": ["orders"], "limit": 10})
    run = trigger_dag.sync(DAG_ID, client=admin, body=TriggerRequest(conf=conf))
    assert isinstance(run, DagRun), run
    assert run.end_date is None  # null arrives as None
    while run.state not in ("success", "failed"):
        time.sleep(0.5)
        run = dag_state.sync(DAG_ID, run.run_id, client=admin)
        assert isinstance(run, DagRun), run
    assert isinstance(run.end_date, datetime)  # a date-time as datetime
    assert run.conf.to_dict() == {"tables": ["orders"], "limit": 10}
    print(f"ran: {run.state}")

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
