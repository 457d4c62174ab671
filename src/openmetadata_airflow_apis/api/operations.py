"""openapi.yaml in memory: the document as it is served, and its operations by operationId."""

from __future__ import annotations

import copy
import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable

import yaml

from openmetadata_airflow_apis.resources import specification_path

_METHODS = {"get", "post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Operation:
    """One operation of the specification.

    old_door_methods: the HTTP methods under which `?api=OPERATION` takes it; none: not there.
    old_door_arguments: what it requires there, in the order of its error message.
    also_at: further paths that answer alike.
    query_parameters: the names of what it takes in the query string.
    """

    operation_id: str
    path: str
    method: str
    controller: str
    old_door_methods: tuple[str, ...]
    old_door_arguments: tuple[str, ...]
    also_at: tuple[str, ...]
    query_parameters: tuple[str, ...]

    @property
    def handler(self) -> Callable[..., Any]:
        """The function that serves the operation: of the operationId's name, in the controller module."""
        return getattr(importlib.import_module(self.controller), self.operation_id)

    @property
    def changes_state(self) -> bool:
        """Whether calling it may change something, by its method in the specification."""
        return self.method != "get"


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return openapi.yaml, parsed once a process. Do not change it: copy it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with specification_path().open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=loader)  # nosec B506 # noqa: S506 - both are safe loaders


@lru_cache(maxsize=1)
def operations() -> dict[str, Operation]:
    """Return every operation by its operationId, in the document's order."""
    by_id = {}
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method not in _METHODS:
                continue
            old_door = operation.get("x-old-door", {})
            by_id[operation["operationId"]] = Operation(
                operation_id=operation["operationId"],
                path=path,
                method=method,
                controller=operation["x-openapi-router-controller"],
                old_door_methods=tuple(old_door.get("methods", ())),
                old_door_arguments=tuple(old_door.get("arguments", ())),
                also_at=tuple(operation.get("x-also-at", ())),
                query_parameters=tuple(
                    parameter["name"]
                    for parameter in map(_resolved, [*item.get("parameters", ()), *operation.get("parameters", ())])
                    if parameter["in"] == "query"
                ),
            )
    return by_id


def _resolved(parameter: dict[str, Any]) -> dict[str, Any]:
    name = parameter.get("$ref", "").removeprefix("#/components/parameters/")
    return document()["components"]["parameters"][name] if name else parameter


def routing_document() -> dict[str, Any]:
    """Return a copy for connexion to route by, without what this package does itself.

    security: the gate runs before connexion and knows Airflow's users (connexion would answer a
    missing header itself, in its own words). Bodies of the old door come as three content types, of
    which connexion would check the first alone. The body of deploy_dag is checked by the definition
    room, which finds every fault instead of the first.
    """
    routing = copy.deepcopy(document())
    routing.pop("security", None)
    routing["components"].pop("securitySchemes", None)
    for item in routing["paths"].values():
        for method, operation in item.items():
            if method not in _METHODS:
                continue
            operation.pop("security", None)
            if operation["operationId"] == "call_by_body":
                operation.pop("requestBody")
            elif operation["operationId"] == "deploy_dag":
                operation["requestBody"]["content"]["application/json"] = {"schema": {"type": "object"}}
    schemas = routing["components"]["schemas"]
    for name in [name for name in schemas if name.startswith(("Workflow", "FlatWorkflow"))]:
        del schemas[name]
    return routing
