"""Finds what the caller named: the DAG, its run, its task; says which of them is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from sqlalchemy import bindparam, select

from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound
from openmetadata_airflow_apis.runs.run_rows import RUN, select_runs

if TYPE_CHECKING:
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
# Built once, because nearly every request runs it.
_DAG_ROW = select(_DAG.c.is_paused, _DAG.c.is_active, _DAG.c.has_import_errors, _DAG.c.fileloc).where(
    _DAG.c.dag_id == bindparam("dag_id")
)


def find_dag(dag_id: str, *, session: Session) -> Row:
    """Return the DAG's row (is_paused, is_active, has_import_errors, fileloc); raise DagNotFound."""
    row = session.execute(_DAG_ROW, {"dag_id": dag_id}).first()
    if row is None:
        raise DagNotFound(dag_id)
    return row


def find_run(dag_id: str, run_id: str, *, session: Session, lock: bool = False) -> Row:
    """Return the run's id, dag_id, run_id, state and execution_date; raise DagNotFound or DagRunNotFound.

    lock: lock the run until the transaction's end. The scheduler and the workers' own scheduling take the
    same lock before they decide about the run's task instances, and pass over a run that they find locked.
    """
    rows = select_runs((RUN.c.dag_id == dag_id) & (RUN.c.run_id == run_id), lock=lock, session=session)
    if not rows:
        find_dag(dag_id, session=session)
        raise DagRunNotFound(dag_id, run_id)
    return rows[0]
