"""Deploys and deletes DAGs while their scheduler works on them: what a delete and a busy scheduler do to each other."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import sqlalchemy

from support.threads import at_once

if TYPE_CHECKING:
    from support.live import LiveAirflow

_CALLERS = 4
_TASKS = 6


def delete_under_load(airflow: LiveAirflow, deletes: int) -> Counter[str]:
    """Deploy and delete DAGs that the scheduler creates a run a minute of; return the answers of the deletes.

    Each DAG is deleted as soon as it has a few runs under way. Four callers share the deletes, and as many DAGs stay
    in which nothing is deleted. An answer is its status, with its text where the DAG was not deleted.
    """
    answers: Counter[str] = Counter()
    left = iter(range(deletes))
    lock = threading.Lock()

    def work(caller: int) -> None:
        client = airflow.client()
        _deploy(client, f"stays{caller}")
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            dag_id = f"goes{number}"
            _deploy(client, dag_id)
            wanted = number % 5 + 1
            airflow.wait_for(lambda id_=dag_id, wanted=wanted: _runs(airflow, id_) >= wanted, f"runs of {dag_id}")
            answer = client.delete(f"/rest_api/api/dags/{dag_id}")
            with lock:
                answers[str(answer.status_code) if answer.ok else f"{answer.status_code} {answer.text}"] += 1

    at_once(work, _CALLERS)
    return answers


def deadlocks(airflow: LiveAirflow) -> int:
    """Return how many deadlocks PostgreSQL has ended in the live database."""
    with airflow.engine.connect() as connection:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return connection.execute(sqlalchemy.text(query)).scalar_one()


def _deploy(client, dag_id: str) -> None:
    definition = {
        "default_args": {"start_date": (datetime.now(timezone.utc) - timedelta(hours=3)).isoformat()},
        "schedule": "* * * * *",
        "catchup": True,
        "max_active_runs": 16,
        "tasks": {
            f"t{number}": {
                "operator": "airflow.operators.empty.EmptyOperator",
                "dependencies": [f"t{number - 1}"] if number else [],
            }
            for number in range(_TASKS)
        },
    }
    workflow = {"name": dag_id, "unpause": True, "dag_config": {dag_id: definition}}
    answer = client.post("/rest_api/api/dags", json={"workflow": workflow})
    assert answer.status_code == 201, answer.text


def _runs(airflow: LiveAirflow, dag_id: str) -> int:
    with airflow.engine.connect() as connection:
        query = sqlalchemy.text("SELECT count(*) FROM dag_run WHERE dag_id = :dag_id")
        return connection.execute(query, {"dag_id": dag_id}).scalar_one()
