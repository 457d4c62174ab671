"""Airflow's database goes away and comes back, below a webserver that runs on."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.api import operations
from support import airflow_home
from support.live import LiveAirflow
from support.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.client import Client

# What an error means is told without the database, and health says what is wrong with it.
OPERATIONS = [
    operation
    for operation in operations.operations().values()
    if operation.operation_id != "health" and operation.tag != "problems"
]
BODIES: dict[str, Any] = {
    "login": {"username": "admin", "password": airflow_home.USERS["admin"][1]},
    "deploy_dag": {
        "workflow": {
            "name": "unstored",
            "dag_config": {
                "unstored": {
                    "default_args": {"owner": "ann", "start_date": "2024-01-01"},
                    "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
                }
            },
        }
    },
    "run_task_instance": {"task_ids": ["first"]},
}
OLD_DOOR_QUERY = {"dag_id": "x", "run_id": "y", "task_id": "z", "tasks": "z", "workflow_name": "x"}
BACK_SECONDS = 30


@pytest.fixture(scope="module")
def down(database_cache: Path) -> Iterator[tuple[Client, LiveAirflow, Cluster, str]]:
    """A webserver that has answered a call, with a PostgreSQL of its own that is then stopped."""
    with Cluster() as cluster:
        airflow_home.create_postgres_database(cluster, "airflow", database_cache)
        with LiveAirflow(airflow_home.make_home(), cluster.url("airflow")) as airflow:
            airflow.start("webserver")
            client = airflow.client(None)
            refresh_token = client.login("admin", airflow_home.USERS["admin"][1])["refresh_token"]
            assert client.get("/rest_api/api/dags").status_code == 200
            cluster.pause()
            yield client, airflow, cluster, refresh_token


def _typed_calls(client: Client, refresh_token: str) -> Iterator[tuple[str, Any]]:
    for operation in OPERATIONS:
        if operation.operation_id.startswith("call_by_"):
            continue
        path = re.sub(r"{\w+}", "x", operation.path.replace("{version_number}", "1"))
        body = BODIES.get(operation.operation_id)
        headers = {"Authorization": f"Bearer {refresh_token}"} if operation.operation_id == "refresh" else {}
        yield operation.operation_id, client.request(operation.method.upper(), path, json=body, headers=headers)


def _old_door_calls(client: Client) -> Iterator[tuple[str, Any]]:
    for operation in OPERATIONS:
        for method in operation.old_door.methods:
            body = BODIES.get(operation.operation_id) if method == "POST" else None
            query = {} if operation.operation_id == "deploy_dag" else OLD_DOOR_QUERY
            yield (
                f"{method} {operation.operation_id}",
                client.old_door(operation.operation_id, method, json=body, **query),
            )


def test_the_typed_door(down) -> None:
    """Every operation answers 503 in JSON while the database is down."""
    found = dict(_typed_calls(down[0], down[3]))
    answers = {name: (answer.status_code, answer.headers["Content-Type"]) for name, answer in found.items()}
    assert answers == dict.fromkeys(answers, (503, "application/problem+json"))
    assert len(answers) == len(OPERATIONS) - 2


def test_the_old_door(down) -> None:
    """So does every operation at `?api=`."""
    found = dict(_old_door_calls(down[0]))
    answers = {name: (answer.status_code, answer.headers["Content-Type"]) for name, answer in found.items()}
    assert answers == dict.fromkeys(answers, (503, "application/json"))
    assert {tuple(answer.json()) for answer in found.values()} == {("error",)}


def test_what_the_error_means(down) -> None:
    """The answers' type can be followed all the same."""
    problem = down[0].get("/rest_api/api/dags").json()
    explained = down[0].get(problem["type"])
    assert (explained.status_code, explained.json()["type"]) == (200, "/rest_api/api/problems/unavailable")


def test_health(down) -> None:
    """health answers, and names the part."""
    answer = down[0].get("/rest_api/api/health")
    assert answer.status_code == 200
    assert answer.json()["metadatabase"]["status"] == "unhealthy"


def test_nothing_was_stored(down) -> None:
    """The deploys that were refused left no file."""
    home = down[1].home
    assert not [path for path in home.rglob("*unstored*") if "logs" not in path.parts]


def test_back_again(down) -> None:
    """Within 30 seconds of the database's return every call works, with the token of before."""
    client, _, cluster, _ = down
    cluster.resume()
    deadline = time.monotonic() + BACK_SECONDS
    while (answer := client.get("/rest_api/api/dags")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    assert client.post("/rest_api/api/dags", json=BODIES["deploy_dag"]).status_code == 201
    assert client.old_door("delete_dag", dag_id="unstored").json()["status"] == "success"
