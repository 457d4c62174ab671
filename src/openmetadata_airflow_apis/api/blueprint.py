"""The API as a Flask blueprint: connexion routes by the specification, and the gate checks every call before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
from connexion.apis.flask_api import FlaskApi
from connexion.resolver import Resolution, Resolver
from flask import Blueprint, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from openmetadata_airflow_apis.api import (
    argument_checks,
    body,
    error_answers,
    json_answers,
    old_door,
    operations,
    served_specification,
)
from openmetadata_airflow_apis.api.handler_lookup import handler_of
from openmetadata_airflow_apis.security.authentication import authenticate
from openmetadata_airflow_apis.security.operation_permissions import authorize
from openmetadata_airflow_apis.security.response_headers import harden

if TYPE_CHECKING:
    from flask import Response

NAME = "openmetadata_airflow_apis"

# Every answer below these paths is ours, a 404 too.
OURS = ("/rest_api/", "/admin/rest_api", "/api/v1/security/")

# login, refresh and logout check what they are given themselves; health says nothing secret.
_WITHOUT_GATE = {"login", "refresh", "logout", "health"}
_FOR_ANYBODY = {"list_problem_types", "get_problem_type"}
# Operations of the tag dags that also take DAGs that were not deployed here.
_OF_ANY_DAG = {"patch_dag"}


class _ByOperationId(Resolver):
    """Finds handlers by the specification, and names the endpoint after the operationId."""

    def resolve(self, operation: Any) -> Resolution:
        operation_id = operation.operation_id
        return Resolution(handler_of(operations.operations()[operation_id]), operation_id)


class _Api(FlaskApi):
    """connexion's API with our blueprint's name, and JSON with its keys in our order."""

    @classmethod
    def _set_jsonifier(cls) -> None:
        # Flask sorts keys; a definition is answered as it was sent.
        cls.jsonifier = json_answers.Json(flask.json, indent=2, sort_keys=False)

    def _set_blueprint(self) -> None:
        # connexion would name it after the base path, which is empty.
        self.blueprint = Blueprint(NAME, __name__)


def make_blueprint(*, validate_responses: bool) -> Blueprint:
    """Return the blueprint with every operation of the specification, the gate, and JSON errors."""
    blueprint = _Api(
        operations.routing_document(),
        base_path="",
        options={"swagger_ui": False, "serve_spec": False},
        resolver=_ByOperationId(),
        # The gate refuses unknown parameters itself, since the old door must go on ignoring them.
        strict_validation=False,
        validate_responses=validate_responses,
        validator_map={"body": body.BodyValidator, "parameter": argument_checks.ParameterValidator},
    ).blueprint
    old_door.add_routes(blueprint)
    served_specification.add_routes(blueprint)
    blueprint.before_request(_gate)
    blueprint.after_request(harden)
    error_answers.register(blueprint, is_old_door=is_old_door, is_of_deployed=_is_of_deployed)
    return blueprint


def _operation_id() -> str:
    return (request.endpoint or "").rpartition(".")[2].removesuffix(old_door.ALSO)


def is_old_door() -> bool:
    """Say whether this request calls the old door, `?api=`."""
    return _operation_id() in old_door.ENDPOINTS


def _is_of_deployed() -> bool:
    operation = operations.operations().get(_operation_id())
    return (
        operation is not None and operation.tag in ("dags", "dagVersions") and operation.operation_id not in _OF_ANY_DAG
    )


def _gate() -> None:
    """Deny by default: every operation that is not named above needs a user with the permission for it."""
    operation_id = _operation_id()
    if operation_id in served_specification.ENDPOINTS:
        body.read_ahead()
        return
    if operation_id in _WITHOUT_GATE:
        body.read_ahead(operations.operations()[operation_id])
        return
    if operation_id in old_door.ENDPOINTS:
        old_door.gate()
        return
    operation = operations.operations()[operation_id]
    if operation_id not in _FOR_ANYBODY:
        authenticate(changes_state=operation.changes_state)
        authorize(operation_id, (request.view_args or {}).get("dag_id"))
    argument_checks.check_query(operation)
    body.read_ahead(operation)


def answer_unrouted(response: Response) -> Response:
    """Answer for paths and methods below ours that no operation has; Airflow's own answer says too little."""
    reason = request.routing_exception
    if reason is None or not request.path.startswith(OURS):
        return response
    if isinstance(reason, (NotFound, MethodNotAllowed)):
        response = error_answers.unrouted(reason, request.method, request.path)
    return harden(response)
