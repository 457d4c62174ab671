"""The typed door's answers to errors: RFC 9457 problems, each with a `type` that this webserver explains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES

from openmetadata_airflow_apis import conflicts, errors
from openmetadata_airflow_apis.api import problem_types
from openmetadata_airflow_apis.api.wait_limit import RETRY_AFTER_SECONDS

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

    from openmetadata_airflow_apis.api.problem_types import ProblemType

TITLES = {**HTTP_STATUS_CODES, 413: "Content Too Large", 422: "Unprocessable Content"}


PATH = "/rest_api/api/problems"


def type_of(problem_type: ProblemType) -> str:
    """Return the `type` of a problem: the path of its page on this webserver, with the webserver's prefix."""
    return f"{request.script_root}{PATH}/{problem_type.name}"


def problem(problem_type: ProblemType, detail: str, *, status: int | None = None, **extensions: Any) -> Response:
    """Return an RFC 9457 answer. status: None for the problem type's own. extensions: further keys of the body."""
    status = status or problem_type.status
    body = {
        "type": type_of(problem_type),
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        **extensions,
    }
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


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


def typed_answer(error: errors.ManagedDagsError, hint: str = "") -> Response:
    """Return the typed door's answer for an error. hint: the end of its message, for this caller only."""
    extensions: dict[str, Any] = {}
    if isinstance(error, (errors.InvalidBody, conflicts.BundleConflict)):
        extensions["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    if isinstance(error, errors.NotSignedIn):
        extensions["msg"] = error.msg
    if isinstance(error, conflicts.ImportFailed):
        extensions["import_error"] = error.import_error
    return with_headers(problem(problem_types.of_error(error), f"{error}{hint}", **extensions), error)


def with_headers(answer: Response, error: errors.ManagedDagsError) -> Response:
    """Add the headers that an error's status needs in HTTP, at both doors."""
    if isinstance(error, errors.NotSignedIn):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooManyTries):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, (conflicts.TaskIsStopping, conflicts.IdempotencyKeyInUse)):
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer
