"""The answers of calls that start, read, restart or stop runs: their bodies, after waiting for an end if asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api.json_answers import to_json
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def restarted(run: Any) -> dict[str, Any]:
    """Return the body of a restart: what was cleared, and how many task instances that are."""
    return {**to_json(run), "clear_task_count": run.clear_task_count}


def restarted_runs(restart: Any) -> dict[str, Any]:
    """Return the body of a restart of many runs, with the totals of all of them."""
    return {
        "dag_id": restart.dag_id,
        "failed_task_count": restart.failed_task_count,
        "clear_task_count": restart.clear_task_count,
        "dag_runs": [restarted(run) for run in restart.dag_runs],
        "untouched": to_json(restart.untouched),
        "dry_run": restart.dry_run,
    }


def stopped(run: Any, still_running: Any) -> dict[str, Any]:
    """Return the body of a kill, skip or success, with the task instances whose process is still running."""
    return {**to_json(run), "still_running": to_json(still_running)}


def killed_runs(kill: Any, still_running: Any) -> dict[str, Any]:
    """Return the body of a kill of many runs. still_running: for each run, the same as for one."""
    return {
        "dag_id": kill.dag_id,
        "dag_runs": [stopped(run, running) for run, running in zip(kill.dag_runs, still_running)],
        "untouched": to_json(kill.untouched),
        "dry_run": kill.dry_run,
    }


def with_end(
    run: runs.RunState | runs.PartialRun, wait: int, *, session: Session
) -> tuple[dict[str, Any], dict[str, str]]:
    """Wait up to `wait` seconds, or as long as is allowed, until the run has ended; return its body and the headers.

    The body's fields of the run are those after the wait; task_instances are those before it.
    """
    body = to_json(run)
    if not wait or body.get("dry_run"):
        return body, {}
    with place_to_wait(wait) as seconds:
        run_after = runs.await_end(run.dag_id, run.run_id, seconds, session=session)
    fields_after = {name: value for name, value in to_json(run_after).items() if name in body}
    return {**body, **fields_after, "has_ended": run_after.has_ended}, retry_header(
        wait, seconds, unfinished=not run_after.has_ended
    )


def await_stopped(
    run: runs.KilledRun | runs.SkippedTask | runs.SucceededTask, wait: int, *, session: Session
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Wait up to `wait` seconds, or as long as is allowed, until the processes have ended; return the answer.

    A dry run does not wait.
    """
    wait = 0 if run.dry_run else wait
    with place_to_wait(wait) as seconds:
        still_running = runs.await_stopped(run, seconds, session=session)
    return stopped(run, still_running), 200, retry_header(wait, seconds, unfinished=bool(still_running))


def await_all_stopped(
    killed: runs.KilledRuns, wait: int, *, session: Session
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Do the same for many runs."""
    wait = 0 if killed.dry_run else wait
    with place_to_wait(wait) as seconds:
        still_running = runs.await_all_stopped(killed.dag_runs, seconds, session=session)
    return (
        killed_runs(killed, still_running),
        200,
        retry_header(wait, seconds, unfinished=any(still_running)),
    )
