"""Deploys a workflow, runs it and reads its state, with the Python client that openapi-generator makes.

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
    Configuration,
    DagRunsApi,
    DagsApi,
    LoginRequest,
    SecurityApi,
    TriggerRequest,
    Workflow,
    WorkflowRequest,
)
from managed_dags.exceptions import BadRequestException, ForbiddenException

DAG_ID = "hello_python"


def sign_in(username: str, password: str) -> ApiClient:
    """Return a client that sends the user's token with every request."""
    configuration = Configuration(host=os.environ["AIRFLOW_URL"])
    tokens = SecurityApi(ApiClient(configuration)).login(LoginRequest(username=username, password=password))
    configuration.access_token = tokens.access_token
    return ApiClient(configuration)


def hello(operator: str) -> WorkflowRequest:
    """Return a workflow with one task."""
    dag = {
        "schedule": None,
        "default_args": {"owner": "data-team", "start_date": "2024-01-01T00:00:00Z", "retries": 0},
        "tags": ["example"],
        "tasks": {"greet": {"operator": operator, "bash_command": "echo hello"}},
    }
    return WorkflowRequest(workflow=Workflow(name=DAG_ID, force=True, unpause=True, dag_config={DAG_ID: dag}))


def main() -> None:
    """Go from the login to the deletion."""
    admin = sign_in("admin", os.environ["ADMIN_PASSWORD"])
    dags, dag_runs = DagsApi(admin), DagRunsApi(admin)

    deployment = dags.deploy_dag(hello("airflow.operators.bash.BashOperator"), wait=60)
    print(f"deployed {deployment.dag_id}: {deployment.state.value}")

    run = dag_runs.trigger_dag(DAG_ID, TriggerRequest(conf={"tables": ["orders"], "limit": 10}))
    assert run.end_date is None  # null arrives as None
    while run.state not in ("success", "failed"):
        time.sleep(0.5)
        run = dag_runs.dag_state(DAG_ID, run.run_id)
    assert isinstance(run.end_date, datetime)  # a date-time as datetime
    assert run.conf == {"tables": ["orders"], "limit": 10}  # a map as dict
    print(f"ran: {run.state}")

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
