"""Turns every error of the API into a JSON answer, in the form of the door that was called."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from connexion.exceptions import ProblemException
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, default_exceptions

from openmetadata_airflow_apis import errors
from openmetadata_airflow_apis.api import old_door_bodies, problem_json, problem_types
from openmetadata_airflow_apis.api.not_found_hints import hint
from openmetadata_airflow_apis.database_refusals import refusal, why
from openmetadata_airflow_apis.mysql_values import refused_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

log = logging.getLogger(__name__)


def register(blueprint: Any, *, is_old_door: Callable[[], bool], is_of_deployed: Callable[[], bool]) -> None:
    """Answer every error below the blueprint with JSON, in the form of the door that was called.

    is_of_deployed: says whether the request can only be about DAGs deployed here.
    """

    def answer(error: Exception) -> Response:
        translated = translate(error)
        if isinstance(translated, errors.ManagedDagsError):
            if is_old_door():
                return old_door_bodies.error(translated)
            return problem_json.typed_answer(translated, hint(translated, of_deployed=is_of_deployed()))
        status, detail = translated
        if is_old_door():
            response = old_door_bodies.error_body(status, detail)
        else:
            response = problem_json.problem(problem_types.of_status(status), detail, status=status)
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
        return error.code or 500, error.description or problem_json.TITLES.get(error.code or 500, "Error")
    log.error("Unexpected error", exc_info=error)
    return 500, "The webserver failed to answer; its log has the reason"
