"""Hundreds of deletes beside a busy scheduler, and one that it does not let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from support.deleting import deadlocks, delete_under_load
from support.live import LiveAirflow, busy_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres import Cluster


@pytest.fixture(scope="module")
def busy(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A scheduler, and a webserver with two workers."""
    with busy_airflow(cluster, "many_deletes") as airflow:
        yield airflow


def test_three_hundred_deletes_beside_a_busy_scheduler(busy: LiveAirflow):
    """Of three hundred deletes of DAGs with runs under way, each succeeds, without one deadlock."""
    assert delete_under_load(busy, 300) == {"200": 300}
    assert deadlocks(busy) == 0
    busy.wait_for(lambda: busy.client().get("/health").json()["scheduler"]["status"] == "healthy", "the scheduler")


def test_a_delete_that_never_gets_its_turn_says_what_is_in_its_way(busy: LiveAirflow):
    """A delete gives up after 20 seconds, leaves the DAG as it was, and says that Airflow works on its runs."""
    client = busy.client()
    definition = {
        "default_args": {"start_date": "2024-01-01T00:00:00Z"},
        "schedule": None,
        "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
    }
    workflow = {"name": "held", "dag_config": {"held": definition}}
    assert client.post("/rest_api/api/dags", json={"workflow": workflow}).status_code == 201
    assert client.post("/rest_api/api/dags/held/dagRuns", json={"run_id": "r1"}).status_code == 201

    with busy.engine.begin() as scheduler:
        scheduler.execute(sqlalchemy.text("SELECT id FROM dag_run WHERE dag_id = 'held' FOR UPDATE"))
        answer = client.delete("/rest_api/api/dags/held")

    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "Airflow is working on the runs of the DAG `held`, which was not deleted; try again in a moment",
    )
    assert busy.run_state("held", "r1") is not None
    assert client.delete("/rest_api/api/dags/held").status_code == 200
