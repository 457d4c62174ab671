"""Locks the rows of a DAG against Airflow's own processes, and never takes part in a deadlock with them.

The scheduler locks runs first. While it holds them it changes their task instances and the DAG's row. Runs that
somebody else holds it skips. When it creates runs it locks the DAG's row first, and the DAG processor locks that row
alone. So the runs are waited for while nothing else is held, and every other lock is taken at once or not at all:
whoever waits for nothing while holding something cannot be in a circle of waiting processes.
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
# How long one statement waits for a lock: PostgreSQL's own limit is none at all, MySQL's is 50 s.
_ONE_WAIT = 10
# PostgreSQL's and MySQL's codes for the victim of a deadlock; SQLite has one lock for all, and no codes.
_DEADLOCKS = ("40P01", 1213)


def lock_dag(dag_id: str, *, session: Session) -> None:
    """Lock the runs of a DAG, then its row and its serialized row, until the transaction's end.

    Meanwhile the scheduler creates no runs and decides about none, and the DAG processor writes no rows. Waits for
    the runs alone. Raises OperationalError if another process holds one of the locks; lost_race knows it.
    """
    limit_lock_waits(_ONE_WAIT, session=session)
    runs = select(DagRun.id).where(DagRun.dag_id == dag_id).order_by(DagRun.id)
    session.execute(with_row_locks(runs, of=DagRun, session=session)).all()
    lock_dag_rows([dag_id], session=session)
    # Runs that were created since; no more can come now, but by hand.
    session.execute(with_row_locks(runs, of=DagRun, session=session, nowait=True)).all()
    serialized = select(SerializedDagModel.dag_id).where(SerializedDagModel.dag_id == dag_id)
    session.execute(with_row_locks(serialized, of=SerializedDagModel, session=session, nowait=True)).all()


def lock_dag_rows(dag_ids: Collection[str], *, session: Session) -> None:
    """Lock the rows of some DAGs at once; raise OperationalError if another process holds one of them."""
    rows = select(DagModel.dag_id).where(DagModel.dag_id.in_(dag_ids))
    session.execute(with_row_locks(rows, of=DagModel, session=session, nowait=True)).all()


def lost_race(error: BaseException) -> bool:
    """Say whether the database ended a transaction because of another one's locks; trying again then helps."""
    if not isinstance(error, OperationalError) or error.orig is None or error.connection_invalidated:
        return False
    code = getattr(error.orig, "pgcode", None) or next(iter(error.orig.args), None)
    return is_lock_not_available_error(error) or code in _DEADLOCKS or code == "database is locked"


def retry_lost_races(change: Callable[[], Answer], *, session: Session, busy: str) -> Answer:
    """Return change(), called again after a rollback while others hold the locks that it needs. Commits nothing.

    Raises Unavailable with the sentence `busy` after 20 seconds; what else change raises passes through.
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
