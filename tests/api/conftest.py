"""What every test of the API starts from."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from support.callers import forget_tries
from support.deployments import forget_deployments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


@pytest.fixture(autouse=True)
def _tries_forgotten(app: Flask) -> None:
    """Every test starts with no try counted, at our login and at Airflow's own page.

    All tests come from one address: a test that logs in would be refused for the wrong passwords of others, and only
    where these were sent in the last 40 seconds.
    """
    app.appbuilder.sm.limiter.reset()
    forget_tries()


@pytest.fixture(scope="module", autouse=True)
def _nothing_deployed(app: Flask, home: Path) -> None:
    """Every module starts without a DAG, a run or a version that the tests of another have left."""
    forget_deployments(home)


@pytest.fixture
def callables(home: Path) -> Iterator[Path]:
    """The folder of callable files, empty, and gone again after the test."""
    folder = home / "dag_managed_operators"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
