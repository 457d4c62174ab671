"""Gives the test process an AIRFLOW_HOME of its own before anything imports Airflow.

TESTS_DATABASE=postgresql, mysql or mariadb runs the tests that need Airflow's database there instead of on SQLite.
TESTS_STORE=database runs the tests with the database store instead of the file store (see support.stores).
"""

from __future__ import annotations

import os
import shutil
import warnings
from typing import TYPE_CHECKING

import pytest

from support import airflow_home, mysql, stores
from support.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DATABASE = os.environ.get("TESTS_DATABASE", "sqlite")
_HOME = airflow_home.make_home()
_SERVER: Cluster | mysql.Server | None = None
if _DATABASE == "postgresql":
    _SERVER = Cluster()
elif _DATABASE != "sqlite":
    _SERVER = mysql.Server(_DATABASE)
os.environ.update(airflow_home.environment(_HOME, _SERVER.url("airflow") if _SERVER else None))
os.environ.update(stores.environment())
stores.install_loaders(_HOME / "dags")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what means something for the file store alone, where the tests run with another one."""
    for item in items:
        mark = item.get_closest_marker("file_store")
        if mark is not None and stores.STORE != "files":
            item.add_marker(pytest.mark.skip(reason=f"of the file store alone: {mark.args[0]}"))


def pytest_unconfigure() -> None:
    """Remove the AIRFLOW_HOME, and its database's server."""
    shutil.rmtree(_HOME, ignore_errors=True)
    if _SERVER:
        _SERVER.stop()


@pytest.fixture(scope="session")
def home() -> Path:
    """The AIRFLOW_HOME of this test process."""
    return _HOME


@pytest.fixture(scope="session")
def database_cache(pytestconfig: pytest.Config) -> Path:
    """The folder where migrated databases are kept from one run to the next."""
    return pytestconfig.cache.mkdir("airflow-databases")


@pytest.fixture(scope="session")
def database(home: Path, database_cache: Path) -> None:
    """A migrated Airflow database that this test process has for itself."""
    if isinstance(_SERVER, Cluster):
        _SERVER.start()
        airflow_home.create_postgres_database(_SERVER, "airflow", database_cache)
    elif _SERVER:
        airflow_home.start_mysql(_SERVER, database_cache)
    else:
        airflow_home.create_sqlite_database(home, database_cache)


@pytest.fixture
def session(database: None) -> Iterator:
    """A SQLAlchemy session of Airflow's, rolled back and closed after the test."""
    from airflow.settings import Session

    session = Session()
    yield session
    session.rollback()
    session.close()
    Session.remove()


@pytest.fixture(scope="session")
def app(database: None):
    """Airflow's real web application, with this plugin loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.www.app import create_app

        return create_app(testing=True)
