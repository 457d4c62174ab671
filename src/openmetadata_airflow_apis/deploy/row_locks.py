"""Locks the rows of a DAG against Airflow's own processes, without ever being part of a deadlock.

The scheduler locks runs first, and skips runs that others hold; with these locks it changes task instances and the
DAG's row. When it creates runs it locks the DAG's row first. The DAG processor locks only the DAG's row.
So this module waits only for the runs, while it holds nothing else, and takes every other lock at once or fails: a
process that never waits while it holds a lock can't be in a circle of waiting processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import select

from openmetadata_airflow_apis.transactions import limit_lock_waits

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

# How long one statement waits for a lock; by default PostgreSQL waits for ever, MySQL for 50 s.
_ONE_WAIT = 10


def lock_dag(dag_id: str, *, session: Session) -> None:
    """Lock the runs of a DAG, then its row and its serialized row, until the transaction's end.

    Meanwhile the scheduler neither creates nor schedules runs of it, and the DAG processor writes no rows. Waits only
    for the runs. Raises OperationalError if another process holds one of the locks; deletion.py tries again then.
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
