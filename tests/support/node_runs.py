"""Runs of a large installation (support.nodes): what the tests deploy and start there, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from support.workflows import request

if TYPE_CHECKING:
    from support.client import Client
    from support.nodes import LargeInstallation

DAGS = "/rest_api/api/dags"


def deploy(client: Client, name: str, tasks: dict[str, Any]) -> Any:
    """Deploy a DAG, again where it is there already, without a schedule and not paused."""
    body = request(name, tasks=tasks)
    body["workflow"] |= {"unpause": True, "force": True}
    answer = client.post(DAGS, json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def trigger(client: Client, dag_id: str, run_id: str) -> None:
    """Start a run."""
    answer = client.post(f"{DAGS}/{dag_id}/dagRuns", json={"run_id": run_id})
    assert answer.status_code == 201, answer.text


def await_run(airflow: LargeInstallation, dag_id: str, run_id: str, state: str = "success") -> None:
    """Wait until a run has a state."""
    airflow.wait_for(lambda: airflow.run_state(dag_id, run_id) == state, f"{dag_id} {run_id}: {state}", seconds=90)


def hosts(airflow: LargeInstallation, dag_id: str, run_id: str) -> dict[str, str]:
    """Return where each task of a run was run."""
    query = text("SELECT task_id, hostname FROM task_instance WHERE dag_id = :dag_id AND run_id = :run_id")
    with airflow.engine.connect() as connection:
        return dict(connection.execute(query, {"dag_id": dag_id, "run_id": run_id}).all())


def returned(airflow: LargeInstallation, dag_id: str, run_id: str) -> dict[str, Any]:
    """Return what each task of a run returned."""
    from airflow.models.xcom import XCom

    with airflow.session() as session:
        rows = session.query(XCom).filter(XCom.dag_id == dag_id, XCom.run_id == run_id, XCom.key == "return_value")
        return {row.task_id: row.value for row in rows}
