"""Gives the test process an AIRFLOW_HOME of its own before anything imports Airflow."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import TYPE_CHECKING

import pytest
from support import airflow_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOME = airflow_home.make_home()
os.environ.update(airflow_home.environment(_HOME))


def pytest_unconfigure() -> None:
    """Remove the AIRFLOW_HOME."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def home() -> Path:
    """The AIRFLOW_HOME of this test process."""
    return _HOME


@pytest.fixture(scope="session")
def database(home: Path) -> None:
    """A migrated Airflow database (SQLite) that this test process has for itself."""
    airflow_home.prepare_database(home)


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
