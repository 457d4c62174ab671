"""How Airflow's versions note in the audit log which run an event is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Row
    from sqlalchemy.sql import ColumnElement


def events_of_run(log: Table, run: Row) -> ColumnElement:
    """Return the condition for a run's events; with Airflow < 2.10, for all of its DAG's since the run was created."""
    condition = log.c.dag_id == run.dag_id
    if "run_id" in log.c:
        return condition & (log.c.run_id == run.run_id)
    since = run.queued_at or run.start_date
    return condition & (log.c.dttm >= since) if since else condition


def is_of_run(event: Any, run_id: str) -> bool:
    """Tell whether an event is the run's; with Airflow < 2.10 only its extra can tell."""
    return event.run_id == run_id if hasattr(event, "run_id") else run_id in (event.extra or "")
