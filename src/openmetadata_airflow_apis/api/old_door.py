"""Serves the older plugin's calls: finds the operation of `?api=OPERATION`, and answers in that plugin's form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed

from openmetadata_airflow_apis.api import body, operations
from openmetadata_airflow_apis.api import old_door_arguments as arguments
from openmetadata_airflow_apis.api import old_door_bodies as bodies
from openmetadata_airflow_apis.api.handler_lookup import handler_of
from openmetadata_airflow_apis.definition.fault_messages import closest
from openmetadata_airflow_apis.errors import InvalidArgument, OperationNotNamed, UnknownOperation
from openmetadata_airflow_apis.security.authentication import authenticate
from openmetadata_airflow_apis.security.operation_permissions import authorize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Blueprint

    from openmetadata_airflow_apis.api.operations import Operation


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


_PLAN = {"dry_run": ("dry_run", "task_instances")}
_END = {"wait": ("has_ended",)}
_STATE_AT_END = {"wait": ("state", "has_ended")}
_STOPPED = Form(bodies.stopped, more={**_PLAN, "wait": ("still_running",)})

FORMS: dict[str, Form] = {
    "deploy_dag": Form(
        bodies.deployed, indent=None, more={"dry_run": ("dry_run", "changes"), "wait": ("state", "import_error")}
    ),
    "refresh_all_dags": Form(
        bodies.refreshed, more={"dry_run": ("dry_run", "refreshed", "repaired", "requested", "failed")}
    ),
    "delete_dag": Form(bodies.deleted, more={"dry_run": ("dry_run", "deleted_rows")}),
    "dag_state": Form(bodies.run_state, more=_END),
    "task_instance_detail": Form(bodies.task_instance),
    "restart_failed_task": Form(bodies.restarted, more=_PLAN),
    "restart_dag_runs": Form(bodies.restarted_runs, more={"dry_run": ("dry_run", "dag_runs")}),
    "kill_running_tasks": _STOPPED,
    "kill_dag_runs": Form(bodies.killed_runs, more={"dry_run": ("dry_run", "dag_runs"), "wait": ("dag_runs",)}),
    "run_task_instance": Form(bodies.partial_run, more={**_PLAN, **_STATE_AT_END}),
    "skip_task_instance": _STOPPED,
    "succeed_task_instance": _STOPPED,
    "trigger_dag": Form(bodies.triggered, more={**_PLAN, **_STATE_AT_END}),
}
