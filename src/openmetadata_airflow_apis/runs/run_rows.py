"""The SQL of runs: read, locked in the order of their creation, put back into the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.dagrun import DagRun
from airflow.utils import timezone
from airflow.utils.sqlalchemy import with_row_locks
from sqlalchemy import null, select, update

from openmetadata_airflow_apis.airflow_versions.run_history import one_more_clear

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

# A Core table, not the mapped class, as TI of task_instance_rows.py.
RUN = DagRun.__table__


def select_runs(condition: ColumnElement, *, at_most: int | None = None, lock: bool, session: Session) -> list[Row]:
    """Return the rows, as find_run does, of all runs that the condition holds for, in the order of their creation.

    lock: as for find_run; everybody locks several runs in this order. at_most: how many rows to return.
    """
    query = select(RUN.c.id, RUN.c.dag_id, RUN.c.run_id, RUN.c.state, RUN.c.execution_date).where(condition)
    query = query.order_by(RUN.c.id).limit(at_most)
    if lock:
        if session.get_bind().dialect.name == "sqlite":
            # SQLite has no row locks. Its first write takes the one lock there is, so write first.
            session.execute(update(RUN).where(condition).values(dag_id=RUN.c.dag_id, updated_at=RUN.c.updated_at))
        query = with_row_locks(query, session=session)
    return session.execute(query).all()


def queue_again(dag_run_pks: Collection[int], *, session: Session) -> None:
    """Put finished runs back into the queue, as Airflow does when something in them was cleared."""
    if not dag_run_pks:
        return
    session.execute(
        update(RUN)
        .where(RUN.c.id.in_(dag_run_pks))
        .values(
            state="queued",
            queued_at=timezone.utcnow(),
            start_date=null(),
            end_date=null(),
            last_scheduling_decision=null(),
            **one_more_clear(RUN),
        )
    )
