"""Serves the older plugin's calls: finds the operation of `?api=OPERATION`, and answers in that plugin's form.

Its users match on the older plugin's bodies and messages, which only this module knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed

from openmetadata_airflow_apis import conflict_errors, errors
from openmetadata_airflow_apis.api import body, operations, problem_types
from openmetadata_airflow_apis.api import old_door_arguments as arguments
from openmetadata_airflow_apis.api.handler_lookup import handler_of
from openmetadata_airflow_apis.definition.fault_messages import closest
from openmetadata_airflow_apis.errors import InvalidArgument, OperationNotNamed, UnknownOperation
from openmetadata_airflow_apis.security.authentication import authenticate
from openmetadata_airflow_apis.security.operation_permissions import authorize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Blueprint

    from openmetadata_airflow_apis.api.operations import Operation

# Status and text of the errors for which they differ from the typed door's, since users match on them.
_ERRORS: dict[type[errors.ManagedDagsError], tuple[int, Callable[[Any], str]]] = {
    errors.DagNotFound: (400, lambda error: f"The DAG ID '{error.dag_id}' does not exist"),
    errors.DagRunNotFound: (404, lambda _: "dag run is not found"),
    errors.TaskNotFound: (
        404,
        # Only run_task_instance looks up tasks before a run exists.
        lambda error: "dag task is not found" if error.run_id else f"dag task of {error.task_id} is not found",
    ),
    conflict_errors.NothingFailed: (404, lambda _: "dagRun don't have failed tasks"),
    conflict_errors.NothingRunning: (
        404,
        lambda error: (
            "dagRun don't have running tasks"
            if error.task_id is None
            else "task is not found or state is neither RUNNING nor NONE"
        ),
    ),
    conflict_errors.DagRunExists: (404, lambda error: f"run_id {error.run_id} already exists"),
    conflict_errors.DagExists: (
        400,
        lambda error: f"The file '{error.dag_id}.json' already exists on host '{error.host}'",
    ),
}
# Endpoints of the old door. ALSO is the suffix of their names at the second path.
ENDPOINTS = {"call_by_query", "call_by_body", "call_by_other_method"}
ALSO = "_also"


@dataclass(frozen=True)
class Form:
    """How one operation answers at the old door.

    body: makes the older plugin's body from the typed door's. indent: of the JSON, as that plugin's documentation
    prints it. more: for arguments that the older plugin did not have: argument → the keys of the typed door's answer
    that it adds.
    """

    body: Callable[[dict[str, Any]], dict[str, Any]]
    indent: int | None = 2
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def add_routes(blueprint: Blueprint) -> None:
    """Add the second path of the old door, and its answer for methods that it does not take."""
    for operation_id in ("call_by_query", "call_by_body"):
        operation = operations.operations()[operation_id]
        for path in operation.also_at:
            blueprint.add_url_rule(path, operation_id + ALSO, handler_of(operation), methods=[operation.method.upper()])
    operation = operations.operations()["call_by_query"]
    for path in (operation.path, *operation.also_at):
        blueprint.add_url_rule(path, "call_by_other_method", _other_method, methods=["PUT", "PATCH", "DELETE"])


def _other_method() -> Response:
    raise MethodNotAllowed(["GET", "POST"], f"The API takes GET or POST, not {request.method}")


def call_by_query() -> Response:
    """Serve GET `?api=`. The arguments are read from the request, since a form's and JSON's count too."""
    return _call()


def call_by_body() -> Response:
    """Serve POST `?api=`."""
    return _call()


def gate() -> None:
    """Authenticate, then authorize for the DAG that the call names; the body is read only to find that name."""
    operation = operations.operations().get(arguments.operation_name())
    is_served = operation is not None and bool(operation.old_door.methods)
    changes_state = operation.changes_state if operation is not None and is_served else False
    authenticate(
        changes_state=changes_state,
        # A link or an image on another site's page can make a signed-in browser send a GET.
        session_allowed=request.method != "GET" or not changes_state,
    )
    if operation is None or not is_served:
        body.read_ahead()
        return
    methods = operation.old_door.methods
    if request.method not in methods:
        raise MethodNotAllowed(methods, f"{operation.operation_id} takes {' or '.join(methods)}, not {request.method}")
    authorize(operation.operation_id, arguments.dag_id(operation))
    body.read_ahead(operation if operation.old_door.whole_body else None)


def _call() -> Response:
    name = arguments.operation_name()
    if not name:
        raise OperationNotNamed
    operation = operations.operations().get(name)
    if operation is None or name not in FORMS:
        raise UnknownOperation(name, place=_place(operation), near=closest(name.replace("-", "_"), FORMS))
    keyword_arguments = arguments.keyword_arguments(operation)
    try:
        answer = handler_of(operation)(**keyword_arguments)
    except InvalidArgument as error:
        raise InvalidArgument(arguments.name_sent(operation, error.name), error.reason) from None
    answer, headers = _body_and_headers(answer)
    form = FORMS[name]
    added_keys = [
        key for argument, keys in form.more.items() if keyword_arguments.get(argument) for key in keys if key in answer
    ]
    document = {**form.body(answer), **{key: answer[key] for key in added_keys}, "status": "success"}
    return Response(json.dumps(document, indent=form.indent), headers=headers, content_type="application/json")


def _place(operation: Operation | None) -> str | None:
    if operation is None or operation.tag == "oldDoor":
        return None
    return f"{operation.method.upper()} {request.script_root}{operation.path}"


def _body_and_headers(answer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return body and headers of a handler's answer: a body, or a tuple of body, status and, if any, headers."""
    body, _, headers = answer if isinstance(answer, tuple) and len(answer) == 3 else (answer, 200, {})
    return (body[0] if isinstance(body, tuple) else body), headers


def error_answer(raised: errors.ManagedDagsError) -> Response:
    """Return the answer for an error: `{"error": …}`, or `{"msg": …}` for a refused login."""
    if isinstance(raised, errors.NotSignedIn):
        # Printed in the older plugin's documentation without a space.
        text = json.dumps({"msg": raised.msg}, separators=(",", ":"))
        return Response(text, status=401, content_type="application/json")
    status, sentence = _ERRORS.get(type(raised), (problem_types.of_error(raised).status, str))
    return error_body(status, sentence(raised))


def error_body(status: int, sentence: str) -> Response:
    """Return `{"error": …}`."""
    return Response(json.dumps({"error": sentence}), status=status, content_type="application/json")


def _deployed(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `Deployment`."""
    outcome = "has been created"
    if deployment["dry_run"]:
        outcome = "would be created" if deployment["created"] else "would be replaced"
    return {"message": f"Workflow [{deployment['dag_id']}] {outcome}"}


def _refreshed(refresh: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `Refreshed`."""
    return {"message": f"All DAGs {'would then be' if refresh['dry_run'] else 'are now'} up to date"}


def _deleted(dag: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `DeletedDag`."""
    return {"message": f"DAG [{dag['dag_id']}] {'would be deleted' if dag['dry_run'] else 'deleted'}"}


def _run_state(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `DagRun`."""
    return {"state": run["state"], "startDate": _date(run["start_date"]), "endDate": _date(run["end_date"])}


def _task_instance(task_instance: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `TaskInstance`; its numbers are strings, null where unset or zero."""
    return {
        "taskId": task_instance["task_id"],
        "dagId": task_instance["dag_id"],
        "state": task_instance["state"],
        "tryNumber": _number(task_instance["try_number"]),
        "maxTries": _number(task_instance["max_tries"]),
        "startDate": _date(task_instance["start_date"]),
        "endDate": _date(task_instance["end_date"]),
        "duration": _number(task_instance["duration"]),
    }


def _restarted(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `RestartedRun`."""
    return {"failed_task_count": run["failed_task_count"], "clear_task_count": run["clear_task_count"]}


def _stopped(_: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `StoppedRun`, whether killed or skipped."""
    return {}


def _restarted_runs(restart: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `RestartedRuns`."""
    return {**_restarted(restart), **_killed_runs(restart)}


def _killed_runs(kill: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `KilledRuns`, with run_ids alone."""
    return {
        "run_ids": [run["run_id"] for run in kill["dag_runs"]],
        "untouched": [run["run_id"] for run in kill["untouched"]],
    }


def _partial_run(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for a typed `PartialRun`."""
    return {"execution_date": _date(run["logical_date"])}


def _triggered(run: dict[str, Any]) -> dict[str, Any]:
    """Return the body for the typed `DagRun` of a trigger."""
    verb = "would be" if run["dry_run"] else "has been"
    return {"message": f"Workflow [{run['dag_id']}] {verb} triggered as {run['run_id']}"}


def _date(text: str | None) -> str | None:
    """Return a date of the typed door in the older plugin's form, 2020-10-28T16:15:19.436693+0000."""
    return None if text is None else text.replace("Z", "+0000")


def _number(value: float | None) -> str | None:
    return str(value) if value else None


_PLAN = {"dry_run": ("dry_run", "task_instances")}
_END = {"wait": ("has_ended",)}
_STATE_AT_END = {"wait": ("state", "has_ended")}
_STOPPED = Form(_stopped, more={**_PLAN, "wait": ("still_running",)})

FORMS: dict[str, Form] = {
    "deploy_dag": Form(
        _deployed, indent=None, more={"dry_run": ("dry_run", "changes"), "wait": ("state", "import_error")}
    ),
    "refresh_all_dags": Form(_refreshed, more={"dry_run": ("dry_run", "refreshed", "repaired", "requested", "failed")}),
    "delete_dag": Form(_deleted, more={"dry_run": ("dry_run", "deleted_rows")}),
    "dag_state": Form(_run_state, more=_END),
    "task_instance_detail": Form(_task_instance),
    "restart_failed_task": Form(_restarted, more=_PLAN),
    "restart_dag_runs": Form(_restarted_runs, more={"dry_run": ("dry_run", "dag_runs")}),
    "kill_running_tasks": _STOPPED,
    "kill_dag_runs": Form(_killed_runs, more={"dry_run": ("dry_run", "dag_runs"), "wait": ("dag_runs",)}),
    "run_task_instance": Form(_partial_run, more={**_PLAN, **_STATE_AT_END}),
    "skip_task_instance": _STOPPED,
    "succeed_task_instance": _STOPPED,
    "trigger_dag": Form(_triggered, more={**_PLAN, **_STATE_AT_END}),
}
