"""Deleting DAGs while a scheduler creates and works on their runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from support.deleting import deadlocks, delete_under_load
from support.live import LiveAirflow, busy_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from support.postgres import Cluster

EMPTY = {
    "default_args": {"start_date": "2024-01-01T00:00:00Z"},
    "schedule": None,
    "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
}


@pytest.fixture(scope="module")
def busy(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A scheduler, and a webserver with two workers."""
    with busy_airflow(cluster, "deletes") as airflow:
        yield airflow


def waiting(airflow: LiveAirflow) -> int:
    """Return how many connections wait for a lock."""
    with airflow.engine.connect() as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return connection.execute(sqlalchemy.text(query)).scalar_one()


def test_a_delete_waits_for_the_run_that_the_scheduler_holds(busy: LiveAirflow):
    """A delete waits while a scheduler holds a run, which can change the DAG's row meanwhile, as schedulers do."""
    client = busy.client()
    workflow = {"name": "held", "dag_config": {"held": EMPTY}}
    assert client.post("/rest_api/api/dags", json={"workflow": workflow}).status_code == 201
    assert client.post("/rest_api/api/dags/held/dagRuns", json={"run_id": "r1"}).status_code == 201
    answers: list[requests.Response] = []
    deleting = threading.Thread(target=lambda: answers.append(client.delete("/rest_api/api/dags/held")))

    with busy.engine.begin() as scheduler:
        scheduler.execute(sqlalchemy.text("SELECT id FROM dag_run WHERE dag_id = 'held' FOR UPDATE"))
        deleting.start()
        busy.wait_for(lambda: waiting(busy), "the delete to wait")
        scheduler.execute(sqlalchemy.text("SET LOCAL lock_timeout = '5s'"))
        scheduler.execute(sqlalchemy.text("UPDATE dag SET next_dagrun = NULL WHERE dag_id = 'held'"))
    deleting.join()

    assert (answers[0].status_code, answers[0].json()["dag_id"]) == (200, "held")


def test_deletes_and_a_busy_scheduler_go_by_each_other(busy: LiveAirflow):
    """Each delete of a DAG with runs under way succeeds, no deadlock ends anybody's work, and the scheduler goes on."""
    assert delete_under_load(busy, 40) == {"200": 40}
    assert deadlocks(busy) == 0
    busy.wait_for(lambda: busy.client().get("/health").json()["scheduler"]["status"] == "healthy", "the scheduler")
