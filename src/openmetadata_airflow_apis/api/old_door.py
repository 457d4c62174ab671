"""The older plugin's calls: `?api=OPERATION` looks the operation up, and its answer is put in that plugin's words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed

from openmetadata_airflow_apis.api import body, operations
from openmetadata_airflow_apis.api import old_door_bodies as bodies
from openmetadata_airflow_apis.api.strict_json import parse
from openmetadata_airflow_apis.errors import (
    InvalidArgument,
    MissingArguments,
    OperationNotNamed,
    UnknownOperation,
)
from openmetadata_airflow_apis.security.gate import authenticate
from openmetadata_airflow_apis.security.permissions import authorize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Blueprint

    from openmetadata_airflow_apis.api.operations import Operation


# Endpoints of the old door; ALSO ends the name of one at its second path.
ENDPOINTS = {"call_by_query", "call_by_body", "call_by_other_method"}
ALSO = "_also"


@dataclass(frozen=True)
class Form:
    """How one operation speaks at the old door.

    arguments: makes the handler's keyword arguments from the call's.
    answer: makes the older plugin's body from the handler's.
    indent: of the printed JSON, as that plugin's documentation shows it.
    renamed: the handler's names of arguments that are called otherwise here, for its errors.
    """

    arguments: Callable[[dict[str, Any]], dict[str, Any]]
    answer: Callable[[dict[str, Any]], dict[str, Any]]
    indent: int | None = 2
    renamed: Mapping[str, str] = field(default_factory=dict)


def add_routes(blueprint: Blueprint) -> None:
    """Add the second path of the old door, and an answer in its words for methods that it does not take."""
    for operation_id in ("call_by_query", "call_by_body"):
        operation = operations.operations()[operation_id]
        for path in operation.also_at:
            blueprint.add_url_rule(path, operation_id + ALSO, operation.handler, methods=[operation.method.upper()])
    operation = operations.operations()["call_by_query"]
    for path in (operation.path, *operation.also_at):
        blueprint.add_url_rule(path, "call_by_other_method", _other_method, methods=["PUT", "PATCH", "DELETE"])


def _other_method() -> Response:
    raise MethodNotAllowed(["GET", "POST"], f"The API takes GET or POST, not {request.method}")


def call_by_query() -> Response:
    """Serve GET `?api=`; arguments are looked up in the request, since those of a form and of JSON count too."""
    return _call()


def call_by_body() -> Response:
    """Serve POST `?api=`."""
    return _call()


def gate() -> None:
    """Authenticate, then authorize for the DAG that the call names; the body is read only to find that name."""
    operation = operations.operations().get(_name())
    known = operation is not None and bool(operation.old_door_methods)
    changes_state = operation.changes_state if operation is not None and known else False
    authenticate(
        changes_state=changes_state,
        # A link or an image on a strange page can make a signed-in browser send a GET.
        session_allowed=request.method != "GET" or not changes_state,
    )
    if operation is None or not known:
        body.read_ahead()
        return
    if request.method not in operation.old_door_methods:
        methods = operation.old_door_methods
        raise MethodNotAllowed(methods, f"{operation.operation_id} takes {' or '.join(methods)}, not {request.method}")
    authorize(operation.operation_id, _dag_id(operation))
    body.read_ahead()


def _call() -> Response:
    name = _name()
    if not name:
        raise OperationNotNamed
    operation = operations.operations().get(name)
    if operation is None or name not in FORMS:
        raise UnknownOperation(name)
    form = FORMS[name]
    arguments = _arguments()
    missing = [required for required in operation.old_door_arguments if not arguments.get(required)]
    if missing:
        raise MissingArguments(missing)
    try:
        answer = operation.handler(**form.arguments(arguments))
    except InvalidArgument as error:
        raise InvalidArgument(form.renamed.get(error.name, error.name), error.reason) from None
    if isinstance(answer, tuple):
        answer = answer[0]
    printed = json.dumps({**form.answer(answer), "status": "success"}, indent=form.indent)
    return Response(printed, content_type="application/json")


def _name() -> str:
    return (request.args.get("api") or request.form.get("api") or "").strip().lower()


def _arguments() -> dict[str, Any]:
    """Return the call's arguments: of the query, else of the form, else of a JSON object."""
    document = body.read_json() if request.is_json else None
    arguments = dict(document) if isinstance(document, dict) else {}
    arguments.update(request.form.items())
    arguments.update(request.args.items())
    if isinstance(arguments.get("run_id"), str):
        # An unencoded + of a query string arrives as a space.
        arguments["run_id"] = arguments["run_id"].replace(" ", "+")
    return arguments


def _dag_id(operation: Operation) -> str | None:
    if "dag_id" in operation.old_door_arguments:
        name = "dag_id"
    elif "workflow_name" in operation.old_door_arguments:
        name = "workflow_name"
    else:
        return None
    value = request.args.get(name) or request.form.get(name) or _arguments().get(name)
    return str(value) if value else None


def _text(arguments: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        if not isinstance(arguments[name], str):
            raise InvalidArgument(name, f"is {json.dumps(arguments[name])}; give a string")
        if "\0" in arguments[name]:
            raise InvalidArgument(name, "has a NUL in it, which no database keeps")
    return {name: arguments[name] for name in names}


def _optional(arguments: dict[str, Any], name: str) -> dict[str, Any]:
    return _text(arguments, name) if arguments.get(name) else {}


def _run_id(arguments: dict[str, Any]) -> dict[str, Any]:
    return _text(arguments, "dag_id", "run_id")


def _partial(arguments: dict[str, Any]) -> dict[str, Any]:
    tasks = [task.strip() for task in _text(arguments, "tasks")["tasks"].split(",")]
    document = {"task_ids": [task for task in tasks if task], "run_id": _text(arguments, "run_id")["run_id"]}
    if not document["task_ids"]:
        raise MissingArguments(["tasks"])
    if arguments.get("conf"):
        document["conf"] = _conf(arguments["conf"])
    return {**_text(arguments, "dag_id"), "body": document}


def _conf(value: Any) -> dict[str, Any]:
    conf = parse(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else value
    if not isinstance(conf, dict):
        raise InvalidArgument("conf", f"is {json.dumps(conf)}; give a JSON object")
    return conf


def _trigger(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "dag_id": _text(arguments, "workflow_name")["workflow_name"],
        "body": _optional(arguments, "run_id"),
    }


FORMS: dict[str, Form] = {
    "deploy_dag": Form(lambda _: {}, bodies.deployed, indent=None),
    "refresh_all_dags": Form(lambda _: {}, bodies.refreshed),
    "delete_dag": Form(lambda call: _text(call, "dag_id"), bodies.deleted),
    "dag_state": Form(_run_id, bodies.run_state),
    "task_instance_detail": Form(lambda call: _text(call, "dag_id", "run_id", "task_id"), bodies.task_instance),
    "restart_failed_task": Form(_run_id, bodies.restarted),
    "kill_running_tasks": Form(lambda call: {**_run_id(call), **_optional(call, "task_id")}, bodies.stopped),
    "run_task_instance": Form(_partial, bodies.partial_run, renamed={"task_ids": "tasks"}),
    "skip_task_instance": Form(lambda call: _text(call, "dag_id", "run_id", "task_id"), bodies.stopped),
    "trigger_dag": Form(_trigger, bodies.triggered, renamed={"dag_id": "workflow_name"}),
}
