"""The large installation, one for each process that runs tests of this folder: see support.nodes for what it can do.

A test that ends a node or cuts it off puts it back.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support import stores
from support.nodes import NODES, LargeInstallation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.client import Client

# What only nodes that share no folder have; and what has nothing to do with a store, and is tested with files.
collect_ignore = ["test_dag_processors.py"] if stores.STORE == "files" else ["test_machines.py", "test_explanations.py"]
CAN_MAKE_MACHINES = Path(__file__).parents[2] / "scripts" / "can_make_machines"


@pytest.fixture(scope="session")
def airflow(database_cache: Path) -> Iterator[LargeInstallation]:
    """All nodes, started at once on a database that this project has never seen."""
    can_be_made = subprocess.run([CAN_MAKE_MACHINES], check=False, capture_output=True, text=True)
    if can_be_made.returncode:
        pytest.exit(can_be_made.stderr, 1)
    with LargeInstallation(database_cache) as airflow:
        airflow.start(*NODES)
        yield airflow


@pytest.fixture(scope="session")
def first(airflow: LargeInstallation) -> Client:
    """A client of the first webserver, logged in as Admin."""
    return airflow.client("webserver-1")


@pytest.fixture(scope="session")
def second(airflow: LargeInstallation) -> Client:
    """A client of the second one."""
    return airflow.client("webserver-2")
