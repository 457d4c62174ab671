"""The answer of a kill, a skip and a success: the changed task instances, and those with a process still running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import changed_run_bodies as bodies
from openmetadata_airflow_apis.api.wait_limit import place_to_wait, retry_header

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def await_stopped(
    run: runs.KilledRun | runs.SkippedTask | runs.SucceededTask, wait: int, *, session: Session
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Wait up to `wait` seconds, or as long as is allowed, until the processes have ended; return the answer.

    A dry run does not wait.
    """
    wait = 0 if run.dry_run else wait
    with place_to_wait(wait) as seconds:
        still_running = runs.await_stopped(run, seconds, session=session)
    return bodies.stopped(run, still_running), 200, retry_header(wait, seconds, unfinished=bool(still_running))


def await_all_stopped(
    killed: runs.KilledRuns, wait: int, *, session: Session
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Do the same for many runs."""
    wait = 0 if killed.dry_run else wait
    with place_to_wait(wait) as seconds:
        still_running = runs.await_all_stopped(killed.dag_runs, seconds, session=session)
    return (
        bodies.killed_runs(killed, still_running),
        200,
        retry_header(wait, seconds, unfinished=any(still_running)),
    )
