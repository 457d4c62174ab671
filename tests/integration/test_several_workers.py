"""One webserver of several gunicorn workers on PostgreSQL: what is counted is counted over all of them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
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
