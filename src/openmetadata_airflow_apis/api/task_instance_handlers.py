"""Handlers of the tag taskInstances."""

from __future__ import annotations

from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import json_answers
from openmetadata_airflow_apis.api.date_times import date_times
from openmetadata_airflow_apis.api.run_answers import await_stopped
from openmetadata_airflow_apis.security.identity import user_name


def list_task_instances(
    dag_id: str,
    run_id: str,
    limit: int = 100,
    offset: int = 0,
    *,
    state: list[str] | None = None,
    pool: list[str] | None = None,
    queue: list[str] | None = None,
    start_date_gte: str | None = None,
    start_date_lte: str | None = None,
    end_date_gte: str | None = None,
    end_date_lte: str | None = None,
    duration_gte: float | None = None,
    duration_lte: float | None = None,
    order_by: str | None = None,
    task_id: list[str] | None = None,
) -> dict[str, Any]:
    """Answer a page of the run's task instances."""
    filters = {"state": state, "pool": pool, "queue": queue, "task_id": task_id}
    durations = {"duration_gte": duration_gte, "duration_lte": duration_lte}
    dates = date_times(
        start_date_gte=start_date_gte,
        start_date_lte=start_date_lte,
        end_date_gte=end_date_gte,
        end_date_lte=end_date_lte,
    )
    with create_session() as session:
        page, total = runs.list_task_instances(
            dag_id,
            run_id,
            limit=limit,
            offset=offset,
            filters={**filters, **durations, **dates},
            order_by=order_by,
            session=session,
        )
        return {"task_instances": json_answers.to_json(page), "total_entries": total}


def list_task_summaries(
    dag_id: str, limit: int = 25, offset: int = 0, *, run_id: list[str] | None = None
) -> dict[str, Any]:
    """Answer how each task went in a page of the DAG's runs."""
    with create_session() as session:
        page, total, as_of = runs.list_task_summaries(
            dag_id, limit=limit, offset=offset, run_ids=run_id, session=session
        )
        return {"dag_runs": json_answers.to_json(page), "total_entries": total, "as_of": json_answers.to_json(as_of)}


def task_instance_detail(dag_id: str, run_id: str, task_id: str, *, map_index: int | None = None) -> dict[str, Any]:
    """Answer a task of a run."""
    with create_session() as session:
        detail = runs.task_instance_detail(dag_id, run_id, task_id, map_index=map_index, session=session)
        return json_answers.to_json(detail)


def skip_task_instance(
    dag_id: str, run_id: str, task_id: str, *, map_index: int | None = None, dry_run: bool = False, wait: int = 0
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Skip a task and what Airflow would skip with it."""
    with create_session() as session:
        run = runs.skip_task_instance(
            dag_id, run_id, task_id, map_index=map_index, dry_run=dry_run, user=user_name(), session=session
        )
        return await_stopped(run, wait, session=session)


def succeed_task_instance(
    dag_id: str, run_id: str, task_id: str, *, map_index: int | None = None, dry_run: bool = False, wait: int = 0
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Mark a task as successful and let what follows go on."""
    with create_session() as session:
        run = runs.succeed_task_instance(
            dag_id, run_id, task_id, map_index=map_index, dry_run=dry_run, user=user_name(), session=session
        )
        return await_stopped(run, wait, session=session)
