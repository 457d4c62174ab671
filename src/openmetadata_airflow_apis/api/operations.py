"""openapi.yaml in memory: the served document, and its operations by operationId."""

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
    """An argument of an operation: a parameter of its path or query, or a key of its JSON body.

    place: "path", "query" or "body". schema: its schema in the specification.
    """

    name: str
    place: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class OldDoor:
    """How the old door takes an operation, `?api=OPERATION`.

    methods: the HTTP methods; empty if the old door does not serve the operation. required: the arguments that must be
    given, in the order of the error message. names: an argument's name at the old door → its name in the specification.
    whole_body: whether the JSON body is a document of the operation, and so holds no arguments.
    """

    methods: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    whole_body: bool = False


@dataclass(frozen=True)
class Operation:
    """One operation of the specification.

    arguments: in the document's order. body: "required", "optional" or "none". also_at: further paths with the same
    answers. takes_idempotency_key: whether it takes that header.
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
        """The names of its query parameters."""
        return tuple(argument.name for argument in self.arguments if argument.place == "query")

    @property
    def body_keys(self) -> tuple[str, ...]:
        """The names of its JSON body's keys."""
        return tuple(argument.name for argument in self.arguments if argument.place == "body")

    @property
    def lists(self) -> frozenset[str]:
        """The names of the arguments that may be given several times in the query string."""
        return frozenset(argument.name for argument in self.arguments if argument.schema.get("type") == "array")

    @property
    def changes_state(self) -> bool:
        """Whether a call can change something: whether its method in the specification is not GET."""
        return self.method != "get"


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return openapi.yaml, parsed once per process. Do not change it: copy it."""
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
                if parameter["in"] != "header"  # headers are read from the request, at both doors
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
    return {name: _resolved(property_schema) for name, property_schema in schema.get("properties", {}).items()}


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return the component that a `$ref` names; return any other node as it is."""
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].removeprefix("#/components/").split("/")
    return document()["components"][kind][name]


def routing_document() -> dict[str, Any]:
    """Return a copy of the document for connexion to route by, without the checks that this package makes itself.

    Security: the gate runs before connexion and knows Airflow's users; connexion would answer a missing header in its
    own words. Bodies of the old door: they come in three content types, of which connexion would check only the first.
    Workflows in bodies: checks/ finds every fault, not only the first. An optional body may be null: OpenAPI 3.0 can't
    say that in a way that generated clients understand.
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
