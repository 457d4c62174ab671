"""The connection to the database breaks while a login, refresh or logout is committed: its answer is true all the same.

A webserver reaches a real PostgreSQL by way of a proxy that spoils one COMMIT (see support.postgres_proxy).
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from support import airflow_home
from support.callers import basic
from support.live import LiveAirflow
from support.postgres_proxy import PostgresProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

    from support.client import Client
    from support.postgres import Cluster

SECURITY = "/api/v1/security"
READ = "/rest_api/api/dags"
LITTLE_PATIENCE = "from openmetadata_airflow_apis import transactions\n\ntransactions.COMMIT_PATIENCE_SECONDS = 4\n"
PASSWORD = airflow_home.USERS["viewer"][1]
LOSSES = ["answer", "request", "late", "unnoticed"]


@dataclass
class Ground:
    """A client that is nobody, the proxy to the webserver's database, and the way there that goes by no proxy."""

    client: Client
    proxy: PostgresProxy
    engine: Engine

    def call(self, name: str, token: str) -> Any:
        """Refresh or log out with a token."""
        return self.client.post(f"{SECURITY}/{name}", headers={"Authorization": f"Bearer {token}"})

    def read(self, token: str) -> int:
        """Return the status of a look with an access token."""
        return self.client.get(READ, headers={"Authorization": f"Bearer {token}"}).status_code

    def login(self, password: str = PASSWORD) -> Any:
        """Log in."""
        return self.client.post(
            f"{SECURITY}/login", json={"username": "viewer", "password": password, "refresh": True, "provider": "db"}
        )

    def scalar(self, query: str) -> Any:
        """Return what a query finds."""
        with self.engine.connect() as connection:
            return connection.execute(text(query)).scalar()

    def audited(self, event: str) -> int:
        """Return how often something is in the audit log."""
        return self.scalar(f"SELECT count(*) FROM log WHERE event = '{event}'")  # noqa: S608

    def tries(self) -> tuple[int, int, int]:
        """Return how many tries were refused, are being looked at, and how many looks there are."""
        with self.engine.connect() as connection:
            query = (
                "SELECT coalesce(max(refused), 0), coalesce(sum(pending), 0), count(*) FILTER (WHERE identifier LIKE "
                "'%-%') FROM openmetadata_airflow_apis_login_try"
            )
            return tuple(connection.execute(text(query)).one())


@pytest.fixture(scope="module")
def ground(cluster: Cluster) -> Iterator[Ground]:
    """A webserver that rotates refresh tokens, and reaches its database by way of a proxy."""
    url = cluster.create_database("lost_logins", "airflow")
    engine = create_engine(url)
    home = airflow_home.make_home()
    (home / "config").mkdir()
    (home / "config" / "airflow_local_settings.py").write_text(LITTLE_PATIENCE)
    settings = {"AIRFLOW__OPENMETADATA_AIRFLOW_APIS__ROTATE_REFRESH_TOKENS": "True"}
    with (
        PostgresProxy(cluster.socket) as proxy,
        LiveAirflow(home, proxy.url("lost_logins"), settings=settings) as airflow,
    ):
        airflow.start("webserver")
        yield Ground(airflow.client(None), proxy, engine)
        airflow.engine.dispose()
    engine.dispose()
    cluster.drop_database("lost_logins")


@pytest.fixture(autouse=True)
def nothing_before(ground: Ground) -> None:
    """The proxy passes everything on, and no password was tried."""
    ground.proxy.come_back()
    with ground.engine.begin() as connection:
        connection.execute(text("DELETE FROM openmetadata_airflow_apis_login_try"))


@pytest.mark.parametrize("lost", LOSSES)
def test_a_refresh_token_is_not_taken_as_stolen_for_a_lost_answer(ground: Ground, lost: str) -> None:
    """A refresh whose COMMIT is lost answers new tokens that hold; the old one is spent as ever."""
    issued = ground.login().json()
    ground.proxy.lose(lost, after="INSERT INTO openmetadata_airflow_apis_revoked_token")
    answer = ground.call("refresh", issued["refresh_token"])
    assert (answer.status_code, ground.proxy.lost) == (200, 1), answer.text
    renewed = answer.json()
    assert ground.read(renewed["access_token"]) == 200
    again = ground.call("refresh", renewed["refresh_token"])
    assert again.status_code == 200

    stolen = ground.call("refresh", issued["refresh_token"])
    assert stolen.json()["msg"].startswith("The refresh token was used before")
    assert ground.read(again.json()["access_token"]) == 401


@pytest.mark.parametrize("lost", LOSSES)
def test_a_logout_is_done_once(ground: Ground, lost: str) -> None:
    """A logout whose COMMIT is lost answers as ever, and has one row in the audit log."""
    issued = ground.login().json()
    before = ground.audited("logout")
    ground.proxy.lose(lost, after="'logout'")
    answer = ground.call("logout", issued["access_token"])
    assert (answer.status_code, answer.json(), ground.proxy.lost) == (
        200,
        {"message": "The token and its family are revoked"},
        1,
    )
    assert ground.call("refresh", issued["refresh_token"]).status_code == 401
    assert ground.audited("logout") == before + 1


def _with_basic(ground: Ground, password: str) -> Any:
    return ground.client.get(READ, headers=basic("viewer", password))


@pytest.mark.parametrize("lost", LOSSES)
@pytest.mark.parametrize("call", [Ground.login, _with_basic], ids=["login", "basic"])
@pytest.mark.parametrize(("password", "status", "refused"), [(PASSWORD, 200, 0), ("wrong", 401, 1)])
def test_whichever_commit_of_a_password_is_lost_it_is_one_try(
    ground: Ground, call: Callable[..., Any], password: str, status: int, refused: int, lost: str
) -> None:
    """A wrong password is 401 and one try, a right one 200 and none, and no try stays taken."""
    for number in itertools.count(1):
        nothing_before.__wrapped__(ground)
        ground.proxy.lose(lost, after="openmetadata_airflow_apis_login_try", number=number)
        answer = call(ground, password)
        assert answer.status_code == status, answer.text
        if not ground.proxy.lost:
            break
        assert ground.tries() == (refused, 0, 0)
    assert number == 4  # a look begins, old rows are forgotten, it ends; the fourth was not lost


@pytest.mark.parametrize("lost", LOSSES)
def test_a_login_is_noted_once(ground: Ground, lost: str) -> None:
    """A login whose audit row's COMMIT is lost answers tokens that hold, and has one row."""
    before = ground.audited("login")
    ground.proxy.lose(lost, after="'login'")
    answer = ground.login()
    assert (answer.status_code, ground.proxy.lost) == (200, 1)
    assert ground.read(answer.json()["access_token"]) == 200
    until = time.monotonic() + 1.5
    while time.monotonic() < until:  # a COMMIT that comes late finds that it is waited for
        assert ground.audited("login") == before + 1
        time.sleep(0.1)


BROKE_OFF = "Airflow's database broke off"
UNKNOWN = {
    "refresh": f"{BROKE_OFF} while it took the refresh token as used and has not answered since, so it isn't known "
    "whether the token still holds; log in again",
    "logout": f"{BROKE_OFF} and has not answered since, so it isn't known whether the tokens are revoked; log out "
    "again: a 401 then says that they are",
}


@pytest.mark.parametrize("lost", ["answer", "request"])
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_of_a_token_is_said(ground: Ground, name: str, lost: str) -> None:
    """Where the database stays away nobody is told that a token holds, or that it doesn't, but what to do."""
    issued = ground.login().json()
    ground.proxy.lose(lost, after="INSERT INTO openmetadata_airflow_apis_revoked_token", and_stay_away=True)
    answer = ground.call(name, issued["refresh_token"])
    ground.proxy.come_back()
    body = answer.json()
    assert (answer.status_code, body["detail"]) == (503, UNKNOWN[name])
    assert body["type"].endswith("/problems/outcome-unknown")

    done = lost == "answer"
    assert ground.call(name, issued["refresh_token"]).status_code == (401 if done else 200)


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_login_of_which_nothing_is_known_issues_no_token(ground: Ground, lost: str) -> None:
    """Where the database stays away after the password was taken, no token is issued, and the answer says so."""
    ground.proxy.lose(lost, after="'login'", and_stay_away=True)
    answer = ground.login()
    ground.proxy.come_back()
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        f"{BROKE_OFF} and does not answer, so that no token was issued; log in again later",
    )
    assert ground.login().status_code == 200
