"""Locks the rows of a DAG against Airflow's own processes, without ever being part of a deadlock.

The scheduler locks runs first, and skips runs that others hold; with these locks it changes task instances and the
DAG's row. When it creates runs it locks the DAG's row first. The DAG processor locks only the DAG's row.
So this module waits only for the runs, while it holds nothing else, and takes every other lock at once or fails: a
process that never waits while it holds a lock can't be in a circle of waiting processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, TypeVar

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.sqlalchemy import is_lock_not_available_error, with_row_locks
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random

from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.transactions import limit_lock_waits

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

Answer = TypeVar("Answer")
# How long a change tries to get its locks. The scheduler holds a run for as long as one of its loops takes.
_SECONDS = 20
# How long one statement waits for a lock; by default PostgreSQL waits for ever, MySQL for 50 s.
_ONE_WAIT = 10
# PostgreSQL's and MySQL's codes for the victim of a deadlock; SQLite has one lock for all, and no codes.
_DEADLOCKS = ("40P01", 1213)


def lock_dag(dag_id: str, *, session: Session) -> None:
    """Lock the runs of a DAG, then its row and its serialized row, until the transaction's end.

    Meanwhile the scheduler neither creates nor schedules runs of it, and the DAG processor writes no rows. Waits only
    for the runs. Raises OperationalError if another process holds one of the locks; lost_race recognizes it.
    """
    limit_lock_waits(_ONE_WAIT, session=session)
    runs = select(DagRun.id).where(DagRun.dag_id == dag_id).order_by(DagRun.id)
    session.execute(with_row_locks(runs, of=DagRun, session=session)).all()
    lock_dag_rows([dag_id], session=session)
    # Runs that were created since then; from now on only a user can create more.
    session.execute(with_row_locks(runs, of=DagRun, session=session, nowait=True)).all()
    serialized = select(SerializedDagModel.dag_id).where(SerializedDagModel.dag_id == dag_id)
    session.execute(with_row_locks(serialized, of=SerializedDagModel, session=session, nowait=True)).all()


def lock_dag_rows(dag_ids: Collection[str], *, session: Session) -> None:
    """Lock the rows of some DAGs at once; raise OperationalError if another process holds one of them."""
    rows = select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids))
    session.execute(with_row_locks(rows, of=DagModel, session=session, nowait=True)).all()


def lost_race(error: BaseException) -> bool:
    """Say whether an error means that another transaction holds the locks, so that trying again helps."""
    if not isinstance(error, OperationalError) or error.orig is None or error.connection_invalidated:
        return False
    code = getattr(error.orig, "pgcode", None) or next(iter(error.orig.args), None)
    return is_lock_not_available_error(error) or code in _DEADLOCKS or code == "database is locked"


def retry_lost_races(change: Callable[[], Answer], *, session: Session, busy: str) -> Answer:
    """Return change(); while others hold locks that it needs, roll back and call it again. Commits nothing.

    Raises Unavailable with the message `busy` after 20 seconds; any other error of change() passes through.
    """

    def roll_back(_: RetryCallState) -> None:
        session.rollback()

    try:
        for attempt in Retrying(
            retry=retry_if_exception(lost_race),
            wait=wait_random(0.05, 0.25),
            stop=stop_after_delay(_SECONDS),
            before_sleep=roll_back,
            reraise=True,
        ):
            with attempt:
                answer = change()
    except OperationalError as error:
        if not lost_race(error):
            raise
        session.rollback()
        raise Unavailable(busy) from error
    return answer
