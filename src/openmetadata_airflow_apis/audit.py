"""Leaves the traces of a change: a row in Airflow's audit log, a line in the DagRun's note, a counter.

`record` and `annotate` write through the caller's session and belong to the caller's transaction;
`count` goes to Airflow's Stats and is called after that transaction is committed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRunNote
from airflow.models.log import Log
from airflow.stats import Stats
from airflow.utils import timezone
from sqlalchemy import insert, select, update

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_LOG = Log.__table__
_NOTE = DagRunNote.__table__
NOTE_LENGTH = 1000
# Airflow keeps one note a run, which is the user's. Our lines are known by this, so that only they are shortened.
_MARK = "[openmetadata_airflow_apis] "


def record(
    operation: str,
    *,
    user: str,
    dag_id: str | None,
    session: Session,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Add a row to Airflow's audit log.

    operation: the operationId, which becomes the row's event. user: the user name. dag_id: None for what is about
    no DAG. details: JSON-able, no
    secrets; it is stored as the row's extra, with the run_id, for which Airflow < 2.10 has no column.
    """
    values = {
        "dttm": timezone.utcnow(),
        "event": operation,
        "owner": user,
        "owner_display_name": user,
        "dag_id": dag_id,
        "run_id": run_id,
        "task_id": task_id,
        "map_index": map_index,
        "extra": json.dumps({**({} if run_id is None else {"run_id": run_id}), **(details or {})}, default=str),
    }
    session.execute(insert(_LOG).values({name: value for name, value in values.items() if name in _LOG.c}))


def annotate(dag_run_pk: int, text: str, *, user: str, session: Session) -> None:
    """Add a line to a DagRun's note: when, who, and text.

    dag_run_pk: the id column of dag_run. Airflow's limit of 1000 characters is kept by dropping the oldest
    lines written here; where the user's own words leave no room, nothing is written.
    """
    line = f"{_MARK}{timezone.utcnow():%Y-%m-%dT%H:%M:%SZ} {user}: {text}"
    present = session.execute(select(_NOTE.c.content).where(_NOTE.c.dag_run_id == dag_run_pk)).first()
    lines = [*((present.content or "").splitlines() if present else []), _shortened(line)]
    while len("\n".join(lines)) > NOTE_LENGTH:
        oldest = next(index for index, each in enumerate(lines) if each.startswith(_MARK))
        if oldest == len(lines) - 1:
            return
        del lines[oldest]
    content = "\n".join(lines)
    if present is None:
        write_note(dag_run_pk, content, session=session)
    else:
        session.execute(update(_NOTE).where(_NOTE.c.dag_run_id == dag_run_pk).values(content=content))


def write_note(dag_run_pk: int, content: str, *, session: Session) -> None:
    """Give a DagRun that has no note one; content is at most NOTE_LENGTH characters."""
    session.execute(insert(_NOTE).values(dag_run_id=dag_run_pk, content=content))


def count(operation: str) -> None:
    """Increment the counter openmetadata_airflow_apis.<operation> of Airflow's Stats."""
    Stats.incr(f"openmetadata_airflow_apis.{operation}")


def _shortened(line: str) -> str:
    return line if len(line) <= 300 else line[:299] + "…"
