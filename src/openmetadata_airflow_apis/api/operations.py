"""openapi.yaml in memory: the document as it is served, and its operations by operationId."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from openmetadata_airflow_apis.resources import specification_path

if TYPE_CHECKING:
    from collections.abc import Mapping

_METHODS = {"get", "post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Argument:
    """Something that an operation takes: a parameter of its path or query, or a key of its JSON body.

    place: "path", "query" or "body". schema: its schema in the specification.
    """

    name: str
    place: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class OldDoor:
    """How the old door takes an operation, `?api=OPERATION`.

    methods: the HTTP methods; none where it is not there. required: the arguments that must be given, in the order
    of the error message. names: its own names of arguments, to the specification's. whole_body: the JSON body is
    the operation's own, so that it has no arguments in it.
    """

    methods: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    whole_body: bool = False


@dataclass(frozen=True)
class Operation:
    """One operation of the specification.

    arguments: all that it takes, in the document's order. body: "required", "optional" or "none".
    also_at: further paths that answer alike. takes_idempotency_key: whether it takes that header.
    """

    operation_id: str
    path: str
    method: str
    tag: str
    controller: str
    arguments: tuple[Argument, ...]
    body: str
    old_door: OldDoor
    also_at: tuple[str, ...]
    takes_idempotency_key: bool

    @property
    def query_parameters(self) -> tuple[str, ...]:
        """The names of what it takes in the query string."""
        return tuple(argument.name for argument in self.arguments if argument.place == "query")

    @property
    def body_keys(self) -> tuple[str, ...]:
        """The names of what it takes as keys of its JSON body."""
        return tuple(argument.name for argument in self.arguments if argument.place == "body")

    @property
    def lists(self) -> frozenset[str]:
        """The names of what may be given several times in the query string."""
        return frozenset(argument.name for argument in self.arguments if argument.schema.get("type") == "array")

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
            if method in _METHODS:
                parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
                by_id[operation["operationId"]] = _operation(path, method, operation, parameters)
    return by_id


def _operation(path: str, method: str, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> Operation:
    body = operation.get("requestBody")
    old_door = operation.get("x-old-door", {})
    return Operation(
        operation_id=operation["operationId"],
        path=path,
        method=method,
        tag=operation["tags"][0],
        controller=operation["x-openapi-router-controller"],
        arguments=(
            *(
                Argument(parameter["name"], parameter["in"], parameter["schema"])
                for parameter in map(_resolved, parameters)
                if parameter["in"] != "header"  # whoever needs one reads it from the request, at both doors
            ),
            *(Argument(name, "body", schema) for name, schema in _properties(body).items()),
        ),
        body="none" if body is None else "required" if body.get("required") else "optional",
        old_door=OldDoor(
            methods=tuple(old_door.get("methods", ())),
            required=tuple(old_door.get("arguments", ())),
            names=old_door.get("names", {}),
            whole_body=old_door.get("whole_body", False),
        ),
        also_at=tuple(operation.get("x-also-at", ())),
        takes_idempotency_key=any(_resolved(parameter)["name"] == "Idempotency-Key" for parameter in parameters),
    )


def _properties(body: dict[str, Any] | None) -> dict[str, Any]:
    schema = _resolved(body["content"]["application/json"]["schema"]) if body else {}
    return {name: _resolved(of_name) for name, of_name in schema.get("properties", {}).items()}


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference into the components stands for, and everything else as it is."""
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].removeprefix("#/components/").split("/")
    return document()["components"][kind][name]


def routing_document() -> dict[str, Any]:
    """Return a copy for connexion to route by, without what this package does itself.

    security: the gate runs before connexion and knows Airflow's users (connexion would answer a
    missing header itself, in its own words). Bodies of the old door come as three content types, of
    which connexion would check the first alone. Workflows in bodies are checked by the definition
    room, which finds every fault instead of the first. A body that may be left out may be null, which OpenAPI 3.0
    has no word for that clients generated from it would understand.
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
            elif operation["operationId"] in {"deploy_dag", "validate_dag"}:
                operation["requestBody"]["content"]["application/json"] = {"schema": {"type": "object"}}
            elif "requestBody" in operation and not operation["requestBody"].get("required"):
                operation["requestBody"]["content"]["application/json"]["x-nullable"] = True
    schemas = routing["components"]["schemas"]
    for name in [name for name in schemas if name.startswith(("Workflow", "FlatWorkflow"))]:
        del schemas[name]
    schemas["BundleRequest"]["properties"]["workflows"]["items"] = {}
    return routing
