"""Two callers at the same moment, hundreds of times, over two processes of a webserver and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support import airflow_home
from support.live import LiveAirflow
from support.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.postgres import Cluster

ROUNDS = 200
DAGS = "/rest_api/api/dags"


@pytest.fixture(scope="module")
def airflow(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A webserver with two processes."""
    url = cluster.create_database("two_callers", "airflow")
    with LiveAirflow(airflow_home.make_home(), url, settings={"AIRFLOW__WEBSERVER__WORKERS": "2"}) as airflow:
        airflow.start("webserver")
        yield airflow
    cluster.drop_database("two_callers")


def workflow(description: str) -> dict[str, Any]:
    """The request that deploys `shared`."""
    definition = {
        "default_args": {"start_date": "2024-01-01T00:00:00Z"},
        "schedule": None,
        "description": description,
        "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
    }
    return {"workflow": {"name": "shared", "force": True, "dag_config": {"shared": definition}}}


def test_of_two_callers_with_the_same_tag_one_wins(airflow: LiveAirflow) -> None:
    """In each of two hundred rounds one deploy is done and the other is 412, and each is a version."""
    clients = [airflow.client(), airflow.client()]
    client = clients[0]
    first = client.post(DAGS, json=workflow("first"))
    assert first.status_code == 201, first.text
    tag = first.headers["ETag"]
    for number in range(ROUNDS):
        answers = at_once(
            lambda caller, tag=tag, number=number: clients[caller].post(
                DAGS, json=workflow(f"{number} of {caller}"), headers={"If-Match": tag}
            ),
            2,
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (done,) = [answer for answer in answers if answer.status_code == 200]
        tag = done.headers["ETag"]
        assert done.json()["version_number"] == number + 2
    assert client.get(f"{DAGS}/shared").headers["ETag"] == tag


def test_two_requests_with_one_key_have_one_effect(airflow: LiveAirflow) -> None:
    """In each of two hundred rounds one run is made, and whoever asks again is given the one answer."""
    clients = [airflow.client(), airflow.client()]
    client = clients[0]
    assert client.post(DAGS, json=workflow("run")).status_code in (200, 201)
    runs = f"{DAGS}/shared/dagRuns"
    for number in range(ROUNDS):
        headers = {"Idempotency-Key": f"round {number}"}
        answers = at_once(lambda caller, headers=headers: clients[caller].post(runs, json={}, headers=headers), 2)
        assert {answer.status_code for answer in answers} <= {201, 409}
        again = client.post(runs, json={}, headers=headers)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert all(answer.json() == again.json() for answer in answers if answer.status_code == 201)
    assert client.get(f"{runs}?limit=1").json()["total_entries"] == ROUNDS
