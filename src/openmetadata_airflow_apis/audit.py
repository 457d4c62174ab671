"""Leaves the traces of a change: a row in Airflow's audit log, a line in the DagRun's note, a counter.

`record`, `annotate` and their variants for many write through the caller's session, in the caller's transaction;
`count` goes to Airflow's Stats and is called after that transaction is committed.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRunNote
from airflow.models.log import Log
from airflow.stats import Stats
from airflow.utils import timezone
from sqlalchemy import bindparam, insert, select, update

from openmetadata_airflow_apis.mysql_values import ROOM, is_mysql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

_LOG = Log.__table__
_NOTE = DagRunNote.__table__
NOTE_LENGTH = 1000
# Airflow keeps one note for each run, which is the user's. Our lines begin with this, so that only they are dropped.
_MARK = "[openmetadata_airflow_apis] "


@dataclass(frozen=True)
class Receipt:
    """Marks the audit rows of one request: their extra has the token, their time is the moment.

    The rows are written in the transaction of the change, so that a row which is there proves that it was committed.
    """

    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    moment: datetime = field(default_factory=timezone.utcnow)

    def is_stored(self, *, session: Session) -> bool:
        """Tell whether a row with this receipt is committed, whatever the session's own transaction has written."""
        stored = select(_LOG.c.id).where(_LOG.c.dttm == self.moment, _LOG.c.extra.contains(self.token)).limit(1)
        with session.get_bind().connect() as connection:
            return connection.execute(stored).first() is not None


@dataclass(frozen=True)
class Entry:
    """What a row of the audit log is about. details: JSON-able, no secrets."""

    dag_id: str | None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    details: Mapping[str, Any] | None = None


def record(
    operation: str,
    *,
    user: str,
    dag_id: str | None,
    session: Session,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    details: Mapping[str, Any] | None = None,
    receipt: Receipt | None = None,
) -> None:
    """Add a row to Airflow's audit log.

    operation: the operationId, which becomes the row's event. user: the user name. dag_id: None if it is about
    no DAG. details: JSON-able, no secrets; they are stored as the row's extra, with the run_id, for which
    Airflow < 2.10 has no column, and with the receipt's token as `request`.
    """
    entry = Entry(dag_id, run_id, task_id, map_index, details)
    record_all(operation, [entry], user=user, receipt=receipt, session=session)


def record_all(
    operation: str, entries: Iterable[Entry], *, user: str, receipt: Receipt | None = None, session: Session
) -> None:
    """Add a row to Airflow's audit log for each entry, in one statement."""
    now = timezone.utcnow() if receipt is None else receipt.moment
    request = {} if receipt is None else {"request": receipt.token}
    rows = [
        {
            "dttm": now,
            "event": operation,
            "owner": user,
            "owner_display_name": user,
            "dag_id": entry.dag_id,
            "run_id": entry.run_id,
            "task_id": entry.task_id,
            "map_index": entry.map_index,
            "extra": _extra(entry, request, session=session),
        }
        for entry in entries
    ]
    if rows:
        rows_with_columns = [{name: value for name, value in row.items() if name in _LOG.c} for row in rows]
        session.execute(insert(_LOG), rows_with_columns)


def _extra(entry: Entry, request: Mapping[str, str], *, session: Session) -> str:
    """Return, as JSON, what an entry has beside its columns; if MySQL has no room, lists are cut to their lengths."""
    run = {} if entry.run_id is None else {"run_id": entry.run_id}
    details = entry.details or {}
    extra = json.dumps({**run, **details, **request}, default=str)
    if len(extra) > ROOM and is_mysql(session):
        counted = {name: len(value) if isinstance(value, list) else value for name, value in details.items()}
        extra = json.dumps({**run, **counted, **request}, default=str)
    return extra


def annotate(dag_run_pk: int, text: str, *, user: str, session: Session) -> None:
    """Add a line to a DagRun's note: when, who, and text.

    dag_run_pk: the id column of dag_run. To keep Airflow's limit of 1000 characters, the oldest lines that
    were written here are dropped; if the user's own words leave no room, nothing is written.
    """
    annotate_all({dag_run_pk: text}, user=user, session=session)


def annotate_all(texts: Mapping[int, str], *, user: str, session: Session) -> None:
    """Add a line to the note of each of several DagRuns, in at most three statements. texts: by the id of dag_run."""
    if not texts:
        return
    stored_query = select(_NOTE.c.dag_run_id, _NOTE.c.content).where(_NOTE.c.dag_run_id.in_(sorted(texts)))
    notes = {row.dag_run_id: row.content or "" for row in session.execute(stored_query)}
    moment = f"{timezone.utcnow():%Y-%m-%dT%H:%M:%SZ}"
    contents = {
        dag_run_pk: _with_line(notes.get(dag_run_pk), f"{_MARK}{moment} {user}: {text}")
        for dag_run_pk, text in texts.items()
    }
    new_notes = [{"dag_run_id": pk, "content": content} for pk, content in contents.items() if pk not in notes]
    longer_notes = [{"pk": pk, "content": content} for pk, content in contents.items() if content and pk in notes]
    if new_notes:
        session.execute(insert(_NOTE), new_notes)
    if longer_notes:
        session.execute(update(_NOTE).where(_NOTE.c.dag_run_id == bindparam("pk")), longer_notes)


def _with_line(note: str | None, line: str) -> str | None:
    """Return a note with one more line, without our oldest ones if it gets too long; None if there is no room."""
    lines = [*(note or "").splitlines(), _shortened(line)]
    while len("\n".join(lines)) > NOTE_LENGTH:
        oldest = next(position for position, text in enumerate(lines) if text.startswith(_MARK))
        if oldest == len(lines) - 1:
            return None
        del lines[oldest]
    return "\n".join(lines)


def write_note(dag_run_pk: int, content: str, *, session: Session) -> None:
    """Give a DagRun that has no note one; content is at most NOTE_LENGTH characters."""
    session.execute(insert(_NOTE).values(dag_run_id=dag_run_pk, content=content))


def count(operation: str) -> None:
    """Increment the counter openmetadata_airflow_apis.<operation> of Airflow's Stats."""
    Stats.incr(f"openmetadata_airflow_apis.{operation}")


def _shortened(line: str) -> str:
    return line if len(line) <= 300 else line[:299] + "…"
