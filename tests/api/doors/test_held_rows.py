"""Rows that another transaction holds: a change waits for them for a bounded time, says so, and has changed nothing."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from airflow import settings as airflow_settings
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from openmetadata_airflow_apis import transactions
from openmetadata_airflow_apis.deploy import deletion, row_locks
from support.stores import STORE

from .test_dry_runs import CALLS, DEPLOYS, everything, run, without

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run"]  # the fixture
# Whose rows somebody forgot in an open transaction: an administrator's client, a scheduler that is stopped in a loop.
TABLES = ("dag", "serialized_dag", "dag_run", "task_instance")
# Long after each change has given up; a change that goes on waiting is let go, and is seen by its answer.
RELEASED_AFTER = 60
# What these take is free: they create a run, and the rows of it.
TAKES_NO_HELD_ROW = {"trigger_dag", "run_task_instance"}
LOCKED = "has rows that this needs locked by another transaction"
NOTHING_WAS_CHANGED = f"Airflow's database {LOCKED}; nothing was changed"
BUSY_RUNS = "Airflow is working on the runs of the DAG `dry`, which was not deleted; try again in a moment"
NOT_TAKEN = {
    "files": f"The workflow `dry` is stored, but Airflow's database did not take it, since it {LOCKED}; "
    "the DAG processor finds it by itself, or deploy or refresh again",
    "database": "Airflow's database did not take the workflow `dry`; what was deployed before still is, deploy again",
}[STORE]
DETAILS = {
    **dict.fromkeys(DEPLOYS, NOT_TAKEN),
    "patch_dag": f"Airflow's database {LOCKED}; the DAG `doors` was left as it is",
    "delete_dag": BUSY_RUNS,
}


@pytest.fixture(autouse=True)
def _short_waits(session, monkeypatch) -> None:
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite has one lock for all rows")
    monkeypatch.setattr(transactions, "_LOCK_SECONDS", 1)
    monkeypatch.setattr(transactions, "MAX_DB_RETRIES", 1)
    monkeypatch.setattr(row_locks, "_ONE_WAIT", 1)
    monkeypatch.setattr(deletion, "_SECONDS", 2)


@contextmanager
def held_rows() -> Iterator[None]:
    """Hold all rows of the DAGs in a transaction of another connection."""
    # As Airflow's own connections to MySQL: else the gaps between the rows are held as well, where new rows would go.
    engine = create_engine(
        airflow_settings.engine.url, poolclass=NullPool, future=True, isolation_level="READ COMMITTED"
    )
    with engine.connect() as holder:
        for table in TABLES:
            holder.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))  # noqa: S608 - of the names above
        release = threading.Timer(RELEASED_AFTER, holder.rollback)
        release.start()
        yield
        assert release.is_alive(), "somebody has waited until the rows were let go"
        release.cancel()


@pytest.mark.parametrize("operation", sorted(CALLS.keys() - TAKES_NO_HELD_ROW - {"refresh_all_dags"}))
def test_a_change_whose_rows_are_held(call, run, session, home, operation):
    """It is refused after a while with what to do, has changed no row, and is done when it is sent again."""
    asked = CALLS[operation]
    before = everything(session, home)
    with held_rows():
        refused = asked.typed(call, dry_run=False)
    assert refused.json == {
        "type": "/rest_api/api/problems/unavailable",
        "title": "Service Unavailable",
        "status": 503,
        "detail": DETAILS.get(operation, NOTHING_WAS_CHANGED),
    }
    kept = {"files"} if STORE == "files" and operation in DEPLOYS else set()  # it says that it is stored
    assert without(kept, everything(session, home)) == without(kept, before)
    assert asked.typed(call, dry_run=False).status_code in {200, 201, 202}


def test_a_refresh_of_a_dag_whose_rows_are_held(call, run):
    """It goes on with the other DAGs and names the one that it has left."""
    with held_rows():
        refreshed = CALLS["refresh_all_dags"].typed(call, dry_run=False)
    reason = "Airflow's database did not take what is deployed; refresh again"
    assert (refreshed.status_code, refreshed.json["failed"]) == (200, [{"dag_id": "dry", "reason": reason}])


@pytest.mark.parametrize("operation", CALLS)
def test_a_dry_run_needs_no_lock(call, run, operation):
    """It is answered while somebody else holds the rows that the change would wait for."""
    with held_rows():
        planned = CALLS[operation].typed(call, dry_run=True)
    assert (planned.status_code, planned.json["dry_run"]) == (200, True)


@pytest.mark.parametrize("operation", sorted(TAKES_NO_HELD_ROW))
def test_a_new_run_beside_held_rows(call, run, operation):
    """It is created, whoever works on the DAG's other runs."""
    with held_rows():
        created = CALLS[operation].typed(call, dry_run=False)
    assert created.status_code in {200, 201}
