"""Names that catalogues make, UUIDs and parts with dots, at both doors."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from airflow.models.dagbag import DagBag

from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import open_store

NAMES = ["2372c559-0000-4000-8000-c33e471cb05d", "service.schema.pipeline", "a.json", "a.py"]
DEFINITION = {
    "schedule": None,
    "default_args": {"owner": "catalogue", "start_date": "2024-01-01T00:00:00Z"},
    "tasks": {
        "first": {"operator": "airflow.operators.empty.EmptyOperator"},
        "second": {"operator": "airflow.operators.empty.EmptyOperator", "dependencies": ["first"]},
    },
}


def workflow(name: str) -> dict:
    return {"workflow": {"name": name, "unpause": True, "dag_config": {name: DEFINITION}}}


@pytest.mark.parametrize("name", NAMES)
def test_the_typed_door(typed_door, name: str):
    """Each operation finds a DAG by such a name in its path, and the DAG processor finds the DAG in its file."""
    path = f"/dags/{quote(name, safe='')}"
    status, deployed = typed_door("POST", "/dags", json=workflow(name))
    assert (status, deployed["dag_id"], deployed["fileloc"]) == (201, name, open_store(Settings.load()).fileloc(name))
    bag = DagBag(deployed["fileloc"], include_examples=False)
    assert (name in bag.dags, bag.import_errors) == (True, {})

    assert typed_door("GET", path)[1]["definition"] == workflow(name)["workflow"]
    assert name in [dag["dag_id"] for dag in typed_door("GET", "/dags")[1]["dags"]]
    assert typed_door("POST", f"{path}/dagRuns", json={"run_id": "one"})[0] == 201
    assert typed_door("GET", f"{path}/dagRuns/one")[1]["dag_id"] == name
    assert typed_door("GET", f"{path}/dagRuns")[1]["total_entries"] == 1
    assert typed_door("GET", f"{path}/dagRuns/one/taskInstances")[1]["total_entries"] == 2
    assert typed_door("POST", f"{path}/dagRuns/one/kill")[0] == 200
    assert typed_door("POST", f"{path}/dagRuns/one/restart")[0] == 200
    assert typed_door("POST", f"{path}/dagRuns/one/taskInstances/first/skip")[0] == 200
    assert typed_door("GET", f"{path}/dagRuns/one/taskInstances/first")[1]["state"] == "skipped"
    assert typed_door("POST", f"{path}/dagRuns/partial", json={"run_id": "two", "task_ids": ["second"]})[0] == 201
    assert typed_door("DELETE", path)[0] == 200
    assert typed_door("GET", path)[0] == 404


@pytest.mark.parametrize("name", NAMES)
def test_the_old_door(old_door, name: str):
    """Each operation of the old door takes such a name as its argument."""
    assert old_door("deploy_dag", method="POST", json=workflow(name)) == (
        200,
        {"message": f"Workflow [{name}] has been created", "status": "success"},
    )
    assert old_door("trigger_dag", method="POST", json={"workflow_name": name, "run_id": "one"})[0] == 200
    assert old_door("dag_state", dag_id=name, run_id="one")[1]["state"] == "queued"
    assert old_door("task_instance_detail", dag_id=name, run_id="one", task_id="first")[1]["dagId"] == name
    assert old_door("kill_running_tasks", dag_id=name, run_id="one")[0] == 200
    assert old_door("restart_failed_task", dag_id=name, run_id="one")[0] == 200
    assert old_door("skip_task_instance", dag_id=name, run_id="one", task_id="first")[0] == 200
    assert old_door("refresh_all_dags")[0] == 200
    assert old_door("delete_dag", dag_id=name) == (200, {"message": f"DAG [{name}] deleted", "status": "success"})
    assert old_door("dag_state", dag_id=name, run_id="one") == (400, {"error": f"The DAG ID '{name}' does not exist"})
