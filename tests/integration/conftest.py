"""Fixtures of the tests that need Airflow running: see support.live for what `airflow_live` can do."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from support import airflow_home
from support.live import LiveAirflow
from support.mysql import Server
from support.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.client import Client

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster(database_cache: Path) -> Iterator[Cluster | Server]:
    """A PostgreSQL whose database `airflow` is migrated, has USERS, and is a template for others.

    With TESTS_DATABASE=mysql it is a MySQL, for the tests that need nothing of PostgreSQL's own.
    """
    kind = os.environ.get("TESTS_DATABASE", "")
    if kind in ("mysql", "mariadb"):
        server = Server(kind)
        try:
            airflow_home.start_mysql(server, database_cache)
            yield server
        finally:
            server.stop()
        return
    with Cluster() as cluster:
        airflow_home.create_postgres_database(cluster, "airflow", database_cache)
        yield cluster


@pytest.fixture(scope="module")
def airflow_live(cluster: Cluster | Server) -> Iterator[LiveAirflow]:
    """A webserver, and a scheduler with LocalExecutor, on a clean PostgreSQL database, for one module."""
    database = f"live_{next(_numbers)}"
    url = cluster.create_database(database, "airflow")
    with LiveAirflow(airflow_home.make_home(), url) as airflow:
        airflow.start("scheduler", "webserver")
        yield airflow
    cluster.drop_database(database)


@pytest.fixture(scope="module")
def airflow_live_sqlite(database_cache: Path) -> Iterator[LiveAirflow]:
    """A webserver, and a scheduler with SequentialExecutor, on a clean SQLite database, for one module."""
    home = airflow_home.make_home()
    airflow_home.create_sqlite_database(home, database_cache)
    with LiveAirflow(home, executor="SequentialExecutor") as airflow:
        airflow.start("scheduler", "webserver")
        yield airflow


@pytest.fixture(scope="module")
def client(airflow_live: LiveAirflow) -> Client:
    """A client of airflow_live, logged in as Admin."""
    return airflow_live.client("admin")
