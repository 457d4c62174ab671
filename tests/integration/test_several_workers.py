"""One webserver of several gunicorn workers on PostgreSQL: what is counted is counted over all of them."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
import sqlalchemy

from support import airflow_home
from support.live import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.client import Client
    from support.postgres import Cluster

WORKERS = 4
READ = "/rest_api/api/dags"


@pytest.fixture(scope="module")
def airflow(cluster: Cluster) -> Iterator[LiveAirflow]:
    """A webserver of four workers, on a clean PostgreSQL database."""
    url = cluster.create_database("several_workers", "airflow")
    settings = {"AIRFLOW__WEBSERVER__WORKERS": str(WORKERS)}
    with LiveAirflow(airflow_home.make_home(), url, settings=settings) as airflow:
        airflow.start("webserver")
        yield airflow
    cluster.drop_database("several_workers")


@pytest.fixture
def forget_tries(airflow: LiveAirflow) -> Callable[[], None]:
    """Forgets the password tries that were counted."""

    def forget() -> None:
        with airflow.engine.begin() as connection:
            connection.execute(sqlalchemy.text("DELETE FROM openmetadata_airflow_apis_login_try"))

    forget()
    return forget


def login(client: Client, password: str, user: str = "admin") -> Any:
    """The answer to a login."""
    return client.post("/api/v1/security/login", json={"username": user, "password": password})


def at_once(number: int, call: Callable[[int], Any]) -> list[Any]:
    """What so many calls at the same time answer."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(call, range(number)))


def test_of_twenty_wrong_passwords_five_are_looked_at(airflow: LiveAirflow, forget_tries) -> None:
    """Twenty tries at once are five refusals and fifteen 429, whichever worker they come to, and then it is 429."""
    client = airflow.client(None)
    answers = at_once(20, lambda number: login(client, f"wrong {number}"))
    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 15}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 40 for answer in answers if answer.status_code == 429)
    assert Counter(login(client, airflow_home.USERS["admin"][1]).status_code for _ in range(WORKERS * 2)) == {
        429: WORKERS * 2
    }


def test_basic_headers_count_too(airflow: LiveAirflow, forget_tries) -> None:
    """Ten refused Basic headers and ten refused logins at once are five refusals together."""
    client = airflow.client(None)

    def call(number: int) -> Any:
        if number % 2:
            return login(client, "wrong")
        return client.get(READ, auth=("admin", "wrong"))

    assert Counter(answer.status_code for answer in at_once(20, call)) == {401: 5, 429: 15}


def test_right_passwords_are_all_taken(airflow: LiveAirflow, forget_tries) -> None:
    """Twenty right passwords at once are twenty logins: only refusals are counted."""
    client = airflow.client(None)
    answers = at_once(20, lambda _: login(client, airflow_home.USERS["viewer"][1], "viewer"))
    assert Counter(answer.status_code for answer in answers) == {200: 20}


def workflow(name: str) -> dict[str, Any]:
    """A workflow that no DAG processor will parse, since none runs."""
    task = {"operator": "airflow.operators.empty.EmptyOperator"}
    config = {"default_args": {"owner": "ann", "start_date": "2024-01-01"}, "schedule": None, "tasks": {"first": task}}
    return {"workflow": {"name": name, "dag_config": {name: config}}}


def seconds_of(call: Callable[[], Any]) -> float:
    """How long a call takes that is answered 200."""
    started = time.monotonic()
    assert call().status_code == 200
    return time.monotonic() - started


def test_twice_as_many_waiters_as_workers_leave_the_webserver_answering(airflow: LiveAirflow) -> None:
    """Half of the workers wait; everybody else is answered at once: the waiters, /health, Airflow's own pages."""
    client, nobody = airflow.client("admin"), airflow.client(None)
    wait = 15

    def deploy(number: int) -> tuple[float, Any]:
        started = time.monotonic()
        answer = client.post(f"{READ}?wait={wait}", json=workflow(f"waiter_{number}"))
        return time.monotonic() - started, answer

    with ThreadPoolExecutor(WORKERS * 2) as pool:
        waiters = [pool.submit(deploy, number) for number in range(WORKERS * 2)]
        airflow.wait_for(
            lambda: sum(waiter.done() for waiter in waiters) == WORKERS * 2 - WORKERS // 2,
            "the answers to those who may not wait",
            seconds=wait - 2,
        )
        health = [seconds_of(lambda: nobody.get("/health")) for _ in range(5)]
        pages = [seconds_of(lambda: nobody.get("/login/")) for _ in range(3)]
        assert sum(not waiter.done() for waiter in waiters) == WORKERS // 2
        answers = [waiter.result() for waiter in waiters]
    assert max(health + pages) < 1
    assert {(answer.status_code, answer.json()["state"]) for _, answer in answers} == {(202, "pending")}
    at_once = [answer.headers.get("Retry-After") for seconds, answer in answers if seconds < wait]
    assert at_once == ["5"] * (WORKERS * 2 - WORKERS // 2)
    assert ["Retry-After" in answer.headers for seconds, answer in answers if seconds >= wait] == [False] * (
        WORKERS // 2
    )


def test_a_worker_that_is_killed_while_it_waits_frees_its_place(airflow: LiveAirflow) -> None:
    """As many wait after a crash of waiting workers as before."""
    client = airflow.client("admin")

    def deploy(number: int) -> Any:
        try:
            return client.post(f"{READ}?wait=20", json=workflow(f"killed_{number}")).status_code
        except requests.ConnectionError:
            return "ended"

    with ThreadPoolExecutor(WORKERS) as pool:
        calls = [pool.submit(deploy, number) for number in range(WORKERS // 2)]
        airflow.wait_for(lambda: len(waiting(airflow)) == WORKERS // 2, "both to wait")
        for process in waiting(airflow):
            process.kill()
        assert [call.result() for call in calls] == ["ended"] * (WORKERS // 2)
        airflow.wait_for(lambda: client.get(READ).status_code == 200, "gunicorn's new workers")
        again = [pool.submit(deploy, 10 + number) for number in range(WORKERS // 2)]
        airflow.wait_for(lambda: len(waiting(airflow)) == WORKERS // 2, "two others to wait", seconds=15)
        assert [call.result() for call in again] == [202] * (WORKERS // 2)


def waiting(airflow: LiveAirflow) -> list[psutil.Process]:
    """The webserver's workers that hold a place to wait."""
    found = []
    for process in airflow.family("webserver"):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("/waiting-" in file.path for file in process.open_files()):
                found.append(process)
    return found
