"""The bodies of answers about runs that were changed: restarted, or stopped by a kill, a skip or a success."""

from __future__ import annotations

from typing import Any

from openmetadata_airflow_apis.api.json_values import to_json


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
