"""The one table from errors to HTTP: the status of every class; and the typed door's answers, RFC 9457 problems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES

from openmetadata_airflow_apis import errors

if TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException

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

TITLES = {**HTTP_STATUS_CODES, 413: "Content Too Large"}


def status_of(error: errors.ManagedDagsError) -> int:
    """Return the typed door's HTTP status for an error."""
    if isinstance(error, errors.LoginUnsupported) and error.by_auth_manager:
        return 501
    return STATUS[type(error)]


def problem(status: int, detail: str, **more: Any) -> Response:
    """Return an RFC 9457 answer."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
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
    return with_headers(problem(status_of(error), str(error), **more), error)


def with_headers(answer: Response, error: errors.ManagedDagsError) -> Response:
    """Add the headers that HTTP wants beside an error's status, at both doors."""
    if isinstance(error, errors.NotSignedIn):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooManyTries):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer
