"""Handlers of the tag dagRuns."""

from __future__ import annotations

from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import runs, security
from openmetadata_airflow_apis.api import wire


def trigger_dag(dag_id: str, body: dict[str, Any] | None = None) -> tuple[dict[str, Any], int]:
    """Create a queued run."""
    wanted = body or {}
    with create_session() as session:
        run = runs.trigger_dag(
            dag_id,
            run_id=wanted.get("run_id"),
            conf=wanted.get("conf"),
            logical_date=wire.date_time(wanted.get("logical_date"), "/logical_date"),
            note=wanted.get("note"),
            user=security.user_name(),
            session=session,
        )
        return wire.to_json(run), 201


def dag_state(dag_id: str, run_id: str) -> dict[str, Any]:
    """Answer the state of a run."""
    with create_session() as session:
        return wire.to_json(runs.dag_state(dag_id, run_id, session=session))
