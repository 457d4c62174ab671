"""DAGs with the names that catalogues make, under a real scheduler: UUIDs, and parts with dots between them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import sqlalchemy

if TYPE_CHECKING:
    from support.client import Client
    from support.live import LiveAirflow


@pytest.mark.parametrize("name", ["service.schema.pipeline", "2372c559-0000-4000-8000-c33e471cb05d"])
def test_such_a_dag_is_deployed_run_restarted_and_deleted(airflow_live: LiveAirflow, client: Client, name: str):
    """The scheduler, the task's process and a restart find the DAG in its file, and a delete leaves nothing of it."""
    awaited = airflow_live.home / f"{name}.awaited"
    tasks = {
        "first": {"operator": "airflow.operators.bash.BashOperator", "bash_command": f"test -e {awaited}"},
        "second": {"operator": "airflow.operators.empty.EmptyOperator", "dependencies": ["first"]},
    }
    definition = {"schedule": None, "default_args": {"start_date": "2024-01-01T00:00:00Z"}, "tasks": tasks}
    request = {"workflow": {"name": name, "unpause": True, "dag_config": {name: definition}}}
    answer = client.post("/rest_api/api/dags?wait=60", json=request)
    assert (answer.status_code, answer.json()["state"]) == (201, "parsed")

    path = f"/rest_api/api/dags/{quote(name, safe='')}"
    assert client.post(f"{path}/dagRuns", json={"run_id": "one"}).status_code == 201
    airflow_live.wait_for(lambda: airflow_live.run_state(name, "one") == "failed", f"{name} to fail", seconds=120)
    assert airflow_live.task_states(name, "one") == {"first": "failed", "second": "upstream_failed"}
    awaited.touch()
    answer = client.post(f"{path}/dagRuns/one/restart")
    assert (answer.status_code, answer.json()["failed_task_count"]) == (200, 1)
    airflow_live.wait_for(lambda: airflow_live.run_state(name, "one") == "success", f"{name} to succeed", seconds=120)
    assert airflow_live.task_states(name, "one") == {"first": "success", "second": "success"}

    assert client.old_door("trigger_dag", "POST", json={"workflow_name": name, "run_id": "two"}).status_code == 200
    airflow_live.wait_for(lambda: airflow_live.run_state(name, "two") == "success", f"{name} to run again", seconds=120)
    assert client.old_door("dag_state", dag_id=name, run_id="two").json()["state"] == "success"

    assert client.delete(path).status_code == 200
    assert not list(airflow_live.home.glob(f"dag*/{name}*"))
    with airflow_live.engine.connect() as connection:
        for table in ("dag", "serialized_dag", "dag_run", "task_instance"):
            rows = sqlalchemy.text(f"SELECT count(*) FROM {table} WHERE dag_id = :name")  # noqa: S608 - our own words
            assert connection.execute(rows, {"name": name}).scalar_one() == 0, table
