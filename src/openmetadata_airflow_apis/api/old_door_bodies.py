"""The older plugin's bodies and messages, which its users match on; only this module knows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response

from openmetadata_airflow_apis import conflicts, errors
from openmetadata_airflow_apis.api import problem_types

if TYPE_CHECKING:
    from collections.abc import Callable

# Status and text of the errors for which they differ from the typed door's, since users match on them.
_ERRORS: dict[type[errors.ManagedDagsError], tuple[int, Callable[[Any], str]]] = {
    errors.DagNotFound: (400, lambda error: f"The DAG ID '{error.dag_id}' does not exist"),
    errors.DagRunNotFound: (404, lambda _: "dag run is not found"),
    errors.TaskNotFound: (
        404,
        # Only run_task_instance looks up tasks before a run exists.
        lambda error: "dag task is not found" if error.run_id else f"dag task of {error.task_id} is not found",
    ),
    conflicts.NothingFailed: (404, lambda _: "dagRun don't have failed tasks"),
    conflicts.NothingRunning: (
        404,
        lambda error: (
            "dagRun don't have running tasks"
            if error.task_id is None
            else "task is not found or state is neither RUNNING nor NONE"
        ),
    ),
    conflicts.DagRunExists: (404, lambda error: f"run_id {error.run_id} already exists"),
    conflicts.DagExists: (
        400,
        lambda error: f"The file '{error.dag_id}.json' already exists on host '{error.host}'",
    ),
}


def error(raised: errors.ManagedDagsError) -> Response:
    """Return the answer for an error: `{"error": …}`, or `{"msg": …}` for a refused login."""
    if isinstance(raised, errors.NotSignedIn):
        # Printed in the older plugin's documentation without a space.
        body = json.dumps({"msg": raised.msg}, separators=(",", ":"))
        answer = Response(body, status=401, content_type="application/json")
    else:
        status, sentence = _ERRORS.get(type(raised), (problem_types.of_error(raised).status, str))
        answer = error_body(status, sentence(raised))
    return answer


def error_body(status: int, sentence: str) -> Response:
    """Return `{"error": …}`."""
    return Response(json.dumps({"error": sentence}), status=status, content_type="application/json")


def deployed(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `Deployment`."""
    outcome = "has been created"
    if deployment["dry_run"]:
        outcome = "would be created" if deployment["created"] else "would be replaced"
    return {"message": f"Workflow [{deployment['dag_id']}] {outcome}"}


def refreshed(refresh: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `Refreshed`."""
    return {"message": f"All DAGs {'would then be' if refresh['dry_run'] else 'are now'} up to date"}


def deleted(dag: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `DeletedDag`."""
    return {"message": f"DAG [{dag['dag_id']}] {'would be deleted' if dag['dry_run'] else 'deleted'}"}


def run_state(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `DagRun`."""
    return {"state": run["state"], "startDate": date(run["start_date"]), "endDate": date(run["end_date"])}


def task_instance(task_instance: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `TaskInstance`; its numbers are strings, null where unset or zero."""
    return {
        "taskId": task_instance["task_id"],
        "dagId": task_instance["dag_id"],
        "state": task_instance["state"],
        "tryNumber": _number(task_instance["try_number"]),
        "maxTries": _number(task_instance["max_tries"]),
        "startDate": date(task_instance["start_date"]),
        "endDate": date(task_instance["end_date"]),
        "duration": _number(task_instance["duration"]),
    }


def restarted(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `RestartedRun`."""
    return {"failed_task_count": run["failed_task_count"], "clear_task_count": run["clear_task_count"]}


def stopped(_: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `StoppedRun`, whether killed or skipped."""
    return {}


def restarted_runs(restart: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `RestartedRuns`."""
    return {**restarted(restart), **killed_runs(restart)}


def killed_runs(kill: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `KilledRuns`, with run_ids alone."""
    return {
        "run_ids": [run["run_id"] for run in kill["dag_runs"]],
        "untouched": [run["run_id"] for run in kill["untouched"]],
    }


def partial_run(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `PartialRun`."""
    return {"execution_date": date(run["logical_date"])}


def triggered(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for the typed `DagRun` of a trigger."""
    verb = "would be" if run["dry_run"] else "has been"
    return {"message": f"Workflow [{run['dag_id']}] {verb} triggered as {run['run_id']}"}


def date(text: str | None) -> str | None:
    """Return a date of the typed door in the older plugin's form, 2020-10-28T16:15:19.436693+0000."""
    return None if text is None else text.replace("Z", "+0000")


def _number(value: float | None) -> str | None:
    return str(value) if value else None
