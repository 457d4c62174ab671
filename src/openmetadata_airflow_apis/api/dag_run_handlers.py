"""Handlers of the tag dagRuns."""

from __future__ import annotations

from typing import Any

from airflow.utils.session import create_session

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import json_answers, run_answers
from openmetadata_airflow_apis.api.chosen_runs_body import chosen_runs
from openmetadata_airflow_apis.api.date_times import date_time, date_times
from openmetadata_airflow_apis.api.run_answers import await_all_stopped, await_stopped, with_end
from openmetadata_airflow_apis.api.wait_limit import place_to_wait
from openmetadata_airflow_apis.errors import InvalidArgument
from openmetadata_airflow_apis.security.identity import user_name


def list_dag_runs(
    dag_id: str,
    limit: int = 100,
    offset: int = 0,
    *,
    state: list[str] | None = None,
    run_type: list[str] | None = None,
    logical_date_gte: str | None = None,
    logical_date_lte: str | None = None,
    start_date_gte: str | None = None,
    start_date_lte: str | None = None,
    end_date_gte: str | None = None,
    end_date_lte: str | None = None,
    order_by: str | None = None,
) -> dict[str, Any]:
    """Answer a page of the DAG's runs."""
    dates = date_times(
        logical_date_gte=logical_date_gte,
        logical_date_lte=logical_date_lte,
        start_date_gte=start_date_gte,
        start_date_lte=start_date_lte,
        end_date_gte=end_date_gte,
        end_date_lte=end_date_lte,
    )
    with create_session() as session:
        page, total = runs.list_dag_runs(
            dag_id,
            limit=limit,
            offset=offset,
            filters={"state": state, "run_type": run_type, **dates},
            order_by=order_by,
            session=session,
        )
        return {"dag_runs": json_answers.to_json(page), "total_entries": total}


def trigger_dag(
    dag_id: str, body: dict[str, Any] | None = None, *, dry_run: bool = False, wait: int = 0
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Create a queued run, and wait for its end if asked to."""
    request = body or {}
    with create_session() as session:
        run = runs.trigger_dag(
            dag_id,
            run_id=request.get("run_id"),
            conf=request.get("conf"),
            logical_date=date_time(request.get("logical_date"), "/logical_date"),
            note=request.get("note"),
            dry_run=dry_run,
            user=user_name(),
            session=session,
        )
        answer, headers = with_end(run, wait, session=session)
        return answer, 200 if dry_run else 201, headers


def run_task_instance(
    dag_id: str, body: dict[str, Any], *, dry_run: bool = False, wait: int = 0
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Create a run of some tasks, and wait for its end if asked to."""
    with create_session() as session:
        run = runs.run_partial(
            dag_id,
            body["task_ids"],
            run_id=body.get("run_id"),
            conf=body.get("conf"),
            dry_run=dry_run,
            user=user_name(),
            session=session,
        )
        answer, headers = with_end(run, wait, session=session)
        return answer, 200 if dry_run else 201, headers


def dag_state(dag_id: str, run_id: str, *, wait: int = 0) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Answer the state of a run, after its end if asked to."""
    with create_session() as session:
        answer, headers = with_end(runs.dag_state(dag_id, run_id, session=session), wait, session=session)
        return answer, 200, headers


def restart_failed_task(
    dag_id: str, run_id: str, body: dict[str, Any] | None = None, *, dry_run: bool = False
) -> dict[str, Any]:
    """Clear what failed, or what is chosen, and everything downstream."""
    request = body or {}
    choice = runs.RestartChoice(
        task_ids=tuple(request["task_ids"]) if "task_ids" in request else None,
        map_index=request.get("map_index"),
        include_downstream=request.get("include_downstream", True),
        only_failed=request.get("only_failed", True),
    )
    with create_session() as session:
        run = runs.restart_failed(
            dag_id, run_id, choice=choice, dry_run=dry_run, waiting=place_to_wait, user=user_name(), session=session
        )
        return run_answers.restarted(run)


def kill_running_tasks(
    dag_id: str,
    run_id: str,
    *,
    task_id: str | None = None,
    map_index: int | None = None,
    dry_run: bool = False,
    wait: int = 0,
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Fail what is unfinished, and wait for the processes if asked to."""
    if map_index is not None and task_id is None:
        raise InvalidArgument("map_index", "says which instance of a task, and no task_id says of which; give both")
    with create_session() as session:
        run = runs.kill_running(
            dag_id, run_id, task_id=task_id, map_index=map_index, dry_run=dry_run, user=user_name(), session=session
        )
        return await_stopped(run, wait, session=session)


def restart_dag_runs(dag_id: str, body: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
    """Clear what failed in many runs, and everything downstream."""
    with create_session() as session:
        restarted = runs.restart_dag_runs(
            chosen_runs(dag_id, body), dry_run=dry_run, waiting=place_to_wait, user=user_name(), session=session
        )
        return run_answers.restarted_runs(restarted)


def kill_dag_runs(
    dag_id: str, body: dict[str, Any], *, dry_run: bool = False, wait: int = 0
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Fail what is unfinished in many runs, and wait for the processes if asked to."""
    with create_session() as session:
        killed = runs.kill_dag_runs(chosen_runs(dag_id, body), dry_run=dry_run, user=user_name(), session=session)
        return await_all_stopped(killed, wait, session=session)
