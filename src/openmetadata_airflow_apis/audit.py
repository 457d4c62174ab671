"""Leaves the traces of a change: a row in Airflow's audit log, and a counter. runs/run_notes.py has those in notes.

`record` and `record_all` write through the caller's session, in the caller's transaction; `count` goes to Airflow's
Stats and is called after that transaction is committed.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.models.log import Log
from airflow.stats import Stats
from airflow.utils import timezone
from sqlalchemy import insert, select

from openmetadata_airflow_apis.mysql_values import ROOM, is_mysql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

_LOG = Log.__table__


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


def count(operation: str) -> None:
    """Increment the counter openmetadata_airflow_apis.<operation> of Airflow's Stats."""
    Stats.incr(f"openmetadata_airflow_apis.{operation}")
