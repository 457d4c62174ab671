"""Reads the state of a DagRun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRunNote
from sqlalchemy import select

from openmetadata_airflow_apis.errors import DagRunNotFound
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run
from openmetadata_airflow_apis.runs.results import RunState
from openmetadata_airflow_apis.runs.run_rows import RUN

if TYPE_CHECKING:
    from sqlalchemy.engine import RowMapping
    from sqlalchemy.orm import Session

_NOTE = DagRunNote.__table__
RUNS_WITH_NOTES = select(RUN, _NOTE.c.content.label("note")).select_from(
    RUN.outerjoin(_NOTE, _NOTE.c.dag_run_id == RUN.c.id)
)


def dag_state(dag_id: str, run_id: str, *, session: Session) -> RunState:
    """Return the state of a DagRun.

    Raises DagNotFound, DagRunNotFound.
    """
    return RunState(**run_fields(dag_id, run_id, session=session))


def run_fields(dag_id: str, run_id: str, *, session: Session) -> dict[str, Any]:
    """Return the fields of RunState by name."""
    row = session.execute(RUNS_WITH_NOTES.where(RUN.c.dag_id == dag_id, RUN.c.run_id == run_id)).mappings().first()
    if row is None:
        # Says whether it is the DAG that is missing, or its run.
        find_run(dag_id, run_id, session=session)
        raise DagRunNotFound(dag_id, run_id)
    return _fields(row)


def run_state(row: RowMapping) -> RunState:
    """Return the RunState of a row of RUNS_WITH_NOTES."""
    return RunState(**_fields(row))


def _fields(row: RowMapping) -> dict[str, Any]:
    return {
        "dag_id": row[RUN.c.dag_id],
        "run_id": row[RUN.c.run_id],
        "state": row[RUN.c.state],
        "run_type": row[RUN.c.run_type],
        "external_trigger": bool(row[RUN.c.external_trigger]),
        "logical_date": row[RUN.c.execution_date],
        "queued_at": row[RUN.c.queued_at],
        "start_date": row[RUN.c.start_date],
        "end_date": row[RUN.c.end_date],
        "data_interval_start": row[RUN.c.data_interval_start],
        "data_interval_end": row[RUN.c.data_interval_end],
        "conf": row[RUN.c.conf] or {},
        "note": row["note"],
    }
