"""The one table from errors to HTTP: status and title of every class, and the old door's words for it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from connexion.exceptions import ProblemException
from flask import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from openmetadata_airflow_apis import errors

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

STATUS: dict[type[errors.ManagedDagsError], int] = {
    errors.ConfigurationError: 500,
    errors.InvalidRequest: 400,
    errors.MissingArguments: 400,
    errors.InvalidArgument: 400,
    errors.OperationNotNamed: 400,
    errors.UnknownOperation: 400,
    errors.InvalidBody: 400,
    errors.InvalidDefinition: 400,
    errors.MalformedBody: 400,
    errors.BodyTooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.NotFound: 404,
    errors.DagNotFound: 404,
    errors.DagRunNotFound: 404,
    errors.TaskNotFound: 404,
    errors.Conflict: 409,
    errors.DagExists: 409,
    errors.NotDeployedHere: 409,
    errors.DagIsRunning: 409,
    errors.DagHasImportErrors: 409,
    errors.DagRunExists: 409,
    errors.NothingFailed: 409,
    errors.NothingRunning: 409,
    errors.TaskIsStopping: 409,
    errors.TaskNotStoppable: 409,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.LoginUnsupported: 400,
    errors.TooManyTries: 429,
    errors.DamagedDocument: 409,
    errors.DagNotBuilt: 400,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}

# What the older plugin's users match on: status and text, where they differ from the typed door's.
OLD_DOOR: dict[type[errors.ManagedDagsError], tuple[int, Callable[[Any], str]]] = {
    errors.DagNotFound: (400, lambda error: f"The DAG ID '{error.dag_id}' does not exist"),
    errors.DagRunNotFound: (404, lambda _: "dag run is not found"),
    errors.TaskNotFound: (
        404,
        # Only run_task_instance looks for tasks before there is a run.
        lambda error: "dag task is not found" if error.run_id else f"dag task of {error.task_id} is not found",
    ),
    errors.NothingFailed: (404, lambda _: "dagRun don't have failed tasks"),
    errors.NothingRunning: (
        404,
        lambda error: (
            "dagRun don't have running tasks"
            if error.task_id is None
            else "task is not found or state is neither RUNNING nor NONE"
        ),
    ),
    errors.DagRunExists: (404, lambda error: f"run_id {error.run_id} already exists"),
    errors.DagExists: (
        400,
        lambda error: f"The file '{error.dag_id}.json' already exists on host '{error.host}'",
    ),
}

_TITLES = {**HTTP_STATUS_CODES, 413: "Content Too Large"}


def status_of(error: errors.ManagedDagsError) -> int:
    """Return the typed door's HTTP status for an error."""
    if isinstance(error, errors.LoginUnsupported) and error.by_auth_manager:
        return 501
    return STATUS[type(error)]


def problem(status: int, detail: str, **more: Any) -> Response:
    """Return an RFC 9457 answer."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        **more,
    }
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


def unrouted(reason: HTTPException, method: str, path: str) -> Response:
    """Return the answer for a path that no operation has, or not with this method."""
    if isinstance(reason, MethodNotAllowed):
        allowed = ", ".join(sorted(reason.valid_methods or ()))
        answer = problem(405, f"`{path}` takes {allowed}, not {method}")
        answer.headers["Allow"] = allowed
        return answer
    return problem(404, f"There is nothing at `{path}`; /rest_api/api/openapi.json has the paths that there are")


def typed_answer(error: errors.ManagedDagsError) -> Response:
    """Return the typed door's answer for an error."""
    more: dict[str, Any] = {}
    if isinstance(error, errors.InvalidBody):
        more["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    if isinstance(error, errors.NotSignedIn):
        more["msg"] = str(error)
    return _with_headers(problem(status_of(error), str(error), **more), error)


def old_door_answer(error: errors.ManagedDagsError) -> Response:
    """Return the old door's answer for an error: `{"error": …}`, or `{"msg": …}` for a refused login."""
    if isinstance(error, errors.NotSignedIn):
        # Printed in the older plugin's documentation without a space.
        body, status = json.dumps({"msg": str(error)}, separators=(",", ":")), 401
    else:
        status, words = OLD_DOOR.get(type(error), (status_of(error), str))
        body = json.dumps({"error": words(error)})
    return _with_headers(Response(body, status=status, content_type="application/json"), error)


def _with_headers(answer: Response, error: errors.ManagedDagsError) -> Response:
    if isinstance(error, errors.NotSignedIn):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooManyTries):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def translate(error: Exception) -> errors.ManagedDagsError | tuple[int, str]:
    """Return our own error for one of a library's, or a status and a sentence where there is none."""
    if isinstance(error, errors.ManagedDagsError):
        return error
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError)) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        log.error("Airflow's database does not answer: %s", error)
        return errors.Unavailable("Airflow's database does not answer; try again later")
    if isinstance(error, ProblemException):
        return error.status, str(error.detail)
    if isinstance(error, RequestEntityTooLarge):
        return 413, "The request body is larger than Airflow's [webserver] allowed_payload_size or max_form_* options"
    if isinstance(error, HTTPException):
        return error.code or 500, error.description or _TITLES.get(error.code or 500, "Error")
    log.error("Unexpected error", exc_info=error)
    return 500, "The webserver failed to answer; its log has the reason"


def register_error_handlers(blueprint: Any, is_old_door: Callable[[], bool]) -> None:
    """Make every error below the blueprint a JSON answer of the door that was called."""

    def answer(error: Exception) -> Response:
        translated = translate(error)
        if isinstance(translated, errors.ManagedDagsError):
            return old_door_answer(translated) if is_old_door() else typed_answer(translated)
        status, detail = translated
        if is_old_door():
            response = Response(json.dumps({"error": detail}), status=status, content_type="application/json")
        else:
            response = problem(status, detail)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(error.valid_methods)
        return response

    # The app's handler for a status code wins over the blueprint's for HTTPException, not over one per code.
    for code in default_exceptions:
        blueprint.register_error_handler(code, answer)
    for kind in (errors.ManagedDagsError, ProblemException, Exception):
        blueprint.register_error_handler(kind, answer)
