"""Turns every error of the API into a JSON answer: an RFC 9457 problem, or at the old door the older plugin's form."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from connexion.exceptions import ProblemException
from flask import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, default_exceptions

from openmetadata_airflow_apis import conflict_errors, errors
from openmetadata_airflow_apis.api import not_found_hints, old_door, problem_types
from openmetadata_airflow_apis.api.wait_limit import RETRY_AFTER_SECONDS
from openmetadata_airflow_apis.database_refusals import refusal, why
from openmetadata_airflow_apis.mysql_values import refused_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmetadata_airflow_apis.api.problem_types import ProblemType

log = logging.getLogger(__name__)


def register(blueprint: Any, *, is_old_door: Callable[[], bool], is_of_deployed: Callable[[], bool]) -> None:
    """Answer every error below the blueprint with JSON, in the form of the door that was called.

    is_of_deployed: says whether the request can only be about DAGs deployed here.
    """

    def answer(error: Exception) -> Response:
        translated = translate(error)
        if isinstance(translated, errors.ManagedDagsError):
            if is_old_door():
                return with_headers(old_door.error_answer(translated), translated)
            return typed_answer(translated, not_found_hints.hint(translated, of_deployed=is_of_deployed()))
        status, detail = translated
        if is_old_door():
            response = old_door.error_body(status, detail)
        else:
            response = problem(problem_types.of_status(status), detail, status=status)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(error.valid_methods)
        return response

    # The app's handler for a status code goes before the blueprint's for HTTPException, but not before one per code.
    for code in default_exceptions:
        blueprint.register_error_handler(code, answer)
    for kind in (errors.ManagedDagsError, ProblemException, Exception):
        blueprint.register_error_handler(kind, answer)


def translate(error: Exception) -> errors.ManagedDagsError | tuple[int, str]:
    """Return our own error for one of a library, or a status and a message if there is no such error."""
    if isinstance(error, errors.ManagedDagsError):
        return error
    refused = refused_value(error)
    if refused is not None:
        return refused
    if (
        isinstance(error, (OperationalError, InterfaceError, PoolTimeoutError))
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
        or refusal(error) is not None
    ):
        log.error("Airflow's database does not answer: %s", error)
        return errors.Unavailable(why("Airflow's database does not answer; try again later", error))
    if isinstance(error, ProblemException):
        return error.status, str(error.detail)
    if isinstance(error, RequestEntityTooLarge):
        return 413, "The request body is larger than Airflow's [webserver] allowed_payload_size or max_form_* options"
    if isinstance(error, HTTPException):
        return error.code or 500, error.description or problem_types.TITLES.get(error.code or 500, "Error")
    log.error("Unexpected error", exc_info=error)
    return 500, "The webserver failed to answer; its log has the reason"


def problem(problem_type: ProblemType, detail: str, *, status: int | None = None, **extensions: Any) -> Response:
    """Return an RFC 9457 answer. status: None for the problem type's own. extensions: further keys of the body."""
    status = status or problem_type.status
    body = {
        "type": problem_types.type_of(problem_type),
        "title": problem_types.TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        **extensions,
    }
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


def typed_answer(error: errors.ManagedDagsError, hint: str = "") -> Response:
    """Return the typed door's answer for an error. hint: the end of its message, for this caller only."""
    extensions: dict[str, Any] = {}
    if isinstance(error, (errors.InvalidBody, conflict_errors.BundleConflict)):
        extensions["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    if isinstance(error, errors.NotSignedIn):
        extensions["msg"] = error.msg
    if isinstance(error, conflict_errors.ImportFailed):
        extensions["import_error"] = error.import_error
    return with_headers(problem(problem_types.of_error(error), f"{error}{hint}", **extensions), error)


def with_headers(answer: Response, error: errors.ManagedDagsError) -> Response:
    """Add the headers that an error's status needs in HTTP, at both doors."""
    if isinstance(error, errors.NotSignedIn):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooManyTries):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, (conflict_errors.TaskIsStopping, conflict_errors.IdempotencyKeyInUse)):
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def unrouted(reason: HTTPException, method: str, path: str) -> Response:
    """Return the answer for a path that no operation has, or that has none for this method."""
    if isinstance(reason, MethodNotAllowed):
        allowed = ", ".join(sorted(reason.valid_methods or ()))
        answer = problem(problem_types.METHOD_NOT_ALLOWED, f"`{path}` takes {allowed}, not {method}")
        answer.headers["Allow"] = allowed
        return answer
    return problem(
        problem_types.of_status(404),
        f"There is nothing at `{path}`; /rest_api/api/openapi.json has the paths that there are",
    )
