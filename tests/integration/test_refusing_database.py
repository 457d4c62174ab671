"""Airflow's database answers, and takes nothing: it is read-only, as a standby is, or has no connection left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
from sqlalchemy import text

from support import airflow_home
from support.live import LiveAirflow
from support.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests
    from sqlalchemy.engine import Engine

    from support.client import Client

DAGS = "/rest_api/api/dags"
SECURITY = "/api/v1/security"
RUN = f"{DAGS}/base/dagRuns/first"


def _workflow(name: str, **more: Any) -> dict[str, Any]:
    tasks = {"a": {"operator": "airflow.operators.empty.EmptyOperator"}}
    return {"workflow": {"name": name, "dag_config": {name: {"schedule": None, "tasks": tasks}}, **more}}


CHANGES: dict[str, Callable[[Client], requests.Response]] = {
    "login": lambda client: client.post(
        f"{SECURITY}/login", json={"username": "viewer", "password": airflow_home.USERS["viewer"][1]}
    ),
    "logout": lambda client: client.post(f"{SECURITY}/logout"),
    "deploy_dag": lambda client: client.post(DAGS, json=_workflow("another")),
    "deploy_dag over another": lambda client: client.post(DAGS, json=_workflow("base", force=True, pause=True)),
    "refresh_all_dags": lambda client: client.post(f"{DAGS}/refresh"),
    "trigger_dag": lambda client: client.post(f"{DAGS}/base/dagRuns", json={}),
    "run_task_instance": lambda client: client.post(f"{DAGS}/base/dagRuns/partial", json={"task_ids": ["a"]}),
    "kill_running_tasks": lambda client: client.post(f"{RUN}/kill"),
    "skip_task_instance": lambda client: client.post(f"{RUN}/taskInstances/a/skip"),
    "delete_dag": lambda client: client.delete(f"{DAGS}/base"),
    "old trigger_dag": lambda client: client.old_door("trigger_dag", "POST", json={"workflow_name": "base"}),
    "old delete_dag": lambda client: client.old_door("delete_dag", dag_id="base"),
}
LOOKS = {
    "get_dag": f"{DAGS}/base",
    "list_dags": DAGS,
    "dag_state": RUN,
    "explain_dag_run": f"{RUN}/explanation",
    "health": "/rest_api/api/health",
}
_STORED = "The workflow `{}` is stored, but Airflow's database did not take it"


class Installation:
    """A webserver, and what its database is told by a superuser."""

    def __init__(self, airflow: LiveAirflow, cluster: Cluster) -> None:
        self.airflow = airflow
        self.client = airflow.client("admin")
        self._superuser: Engine = sqlalchemy.create_engine(
            cluster.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.pool.NullPool
        )
        self._held: list[Any] = []

    def say(self, statement: str) -> None:
        with self._superuser.connect() as connection:
            connection.execute(text(statement))

    def be_read_only(self, *, read_only: bool) -> None:
        """Refuse or take changes again, in connections that are made from now on; those that there are end."""
        self.say(f"ALTER DATABASE airflow SET default_transaction_read_only = {'on' if read_only else 'off'}")
        self.end_connections()

    def end_connections(self) -> None:
        self.airflow.engine.dispose()
        self.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'airflow'")

    def hold_all_connections(self) -> None:
        """Leave no connection to anybody else."""
        self.end_connections()
        try:
            while True:
                self._held.append(self._superuser.connect())
        except sqlalchemy.exc.OperationalError:
            return

    def let_go(self) -> None:
        for connection in self._held:
            connection.close()
        self._held.clear()

    def everything(self) -> Any:
        """What runs and tasks there are, and how the files stand."""
        with self.airflow.engine.connect() as connection:
            rows = [
                connection.execute(text(query)).all()
                for query in (
                    "SELECT run_id, state FROM dag_run ORDER BY id",
                    "SELECT run_id, task_id, state FROM task_instance ORDER BY 1, 2",
                    "SELECT dag_id, is_paused FROM dag",
                )
            ]
        folders = (self.airflow.home / "dags", self.airflow.home / "dag_generated_configs")
        return rows, sorted(path.name for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc")


@pytest.fixture(scope="module")
def installation(database_cache: Path) -> Iterator[Installation]:
    """A webserver with a PostgreSQL of its own, a DAG, and a run of it."""
    with Cluster() as cluster:
        airflow_home.create_postgres_database(cluster, "airflow", database_cache)
        with LiveAirflow(airflow_home.make_home(), cluster.url("airflow")) as airflow:
            airflow.start("webserver")
            installation = Installation(airflow, cluster)
            assert installation.client.post(DAGS, json=_workflow("base")).status_code == 201
            assert installation.client.post(f"{DAGS}/base/dagRuns", json={"run_id": "first"}).status_code == 201
            yield installation
            airflow.engine.dispose()


def _said(answer: requests.Response) -> str:
    body = answer.json()
    return body.get("detail") or body["error"]


@pytest.fixture(scope="module")
def read_only(installation: Installation) -> Iterator[tuple[Installation, Any]]:
    """The same with a database that has become read-only."""
    before = installation.everything()
    installation.be_read_only(read_only=True)
    yield installation, before
    installation.be_read_only(read_only=False)


@pytest.mark.parametrize("name", LOOKS)
def test_a_read_only_database_is_looked_at(read_only, name: str) -> None:
    """Who only looks is answered as ever."""
    assert read_only[0].client.get(LOOKS[name]).status_code == 200


@pytest.mark.parametrize("name", [name for name in CHANGES if not name.startswith(("deploy", "refresh"))])
def test_a_change_of_a_read_only_database_says_so(read_only, name: str) -> None:
    """The answer is 503 with what is wrong with the database, and nothing is changed."""
    installation, before = read_only
    answer = CHANGES[name](installation.client)
    assert (answer.status_code, "Airflow's database is read-only" in _said(answer)) == (503, True), answer.text
    assert installation.everything() == before


def test_a_refresh_of_a_read_only_database_says_so(read_only) -> None:
    """So is a refresh, which has asked for no parse."""
    answer = CHANGES["refresh_all_dags"](read_only[0].client)
    assert (answer.status_code, _said(answer)) == (503, "Airflow's database is read-only; nothing was changed")


@pytest.mark.parametrize(("name", "dag_id"), [("deploy_dag", "another"), ("deploy_dag over another", "base")])
def test_a_deploy_to_a_read_only_database_says_what_is_stored(read_only, name: str, dag_id: str) -> None:
    """A deploy, which stores the definition first, says that it is stored and that the database did not take it."""
    answer = CHANGES[name](read_only[0].client)
    assert (answer.status_code, _said(answer)) == (
        503,
        (
            f"{_STORED.format(dag_id)}, since it is read-only; the DAG processor finds it by itself, or deploy or "
            "refresh again"
        ),
    )


def test_a_database_that_takes_changes_again(installation: Installation) -> None:
    """What was stored meanwhile is brought to the database by a refresh."""
    installation.be_read_only(read_only=False)
    assert installation.client.post(f"{DAGS}/refresh").json()["failed"] == []
    answer = installation.client.get(f"{DAGS}/another")
    assert (answer.status_code, answer.json()["state"]) == (200, "parsed")
    assert installation.client.delete(f"{DAGS}/another").status_code == 200


@pytest.fixture(scope="module")
def no_connection(installation: Installation) -> Iterator[Installation]:
    """The same with a database that has no connection left."""
    installation.hold_all_connections()
    yield installation
    installation.let_go()


@pytest.mark.parametrize("name", [*CHANGES, *(name for name in LOOKS if name != "health")])
def test_no_connection_left(no_connection: Installation, name: str) -> None:
    """Whoever calls, and for whatever: the answer is 503 and says that the database has no connection left."""
    client = no_connection.client
    answer = CHANGES[name](client) if name in CHANGES else client.get(LOOKS[name])
    assert (answer.status_code, "Airflow's database has no connection left" in _said(answer)) == (503, True), (
        answer.text
    )


def test_connections_again(installation: Installation) -> None:
    """When there are connections again, everything is as it was."""
    installation.let_go()
    deadline = time.monotonic() + 30
    while (answer := installation.client.get(DAGS)).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    assert [dag["dag_id"] for dag in answer.json()["dags"]] == ["base"]
