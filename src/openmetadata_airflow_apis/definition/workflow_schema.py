"""The workflow format as openapi.yaml has it: resolved, compiled for validation, and as JSON Schema."""

from __future__ import annotations

import copy
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import schema_faults
from openmetadata_airflow_apis.resources import specification_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"
_CHECKED = frozenset(
    {
        "additionalProperties",
        "enum",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "nullable",
        "properties",
        "required",
        "type",
        "x-items",
        "x-refused",
        "x-types",
    }
)


@lru_cache(maxsize=1)
def schemas() -> Mapping[str, Schema]:
    """Return the schemas of the workflow format by name, as written, references included."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with specification_path().open(encoding="utf-8") as stream:
        document = yaml.load(stream, Loader=loader)  # nosec B506 # noqa: S506 - both are safe loaders
    schemas_written = document["components"]["schemas"]
    return {
        name: _as_understood(schemas_written[name])
        for name in schemas_written
        if name.startswith(("Workflow", "FlatWorkflow"))
    }


def _as_understood(node: Any) -> Any:
    """Return a copy that says what is accepted, where the specification says what generated clients send.

    x-types replaces type, nullable replaces "null" among the types, x-schema replaces a free map, and x-properties are
    added to the properties.
    """
    if isinstance(node, list):
        return [_as_understood(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("x-schema"), str):
        return {"$ref": _PREFIX + node["x-schema"]}
    node = {key: _as_understood(value) for key, value in node.items()}
    if isinstance(node.get("x-properties"), dict):
        node["properties"].update(node.pop("x-properties"))
    if isinstance(node.get("x-types"), list):
        node.pop("type", None)
        if "null" in node["x-types"]:
            node["x-types"].remove("null")
            node["nullable"] = True
    return node


@cache
def schema(name: str) -> Schema:
    """Return a schema with its references replaced by what they refer to. It is shared: don't change it."""
    return _resolved(schemas()[name])


def _resolved(node: Any) -> Any:
    if isinstance(node, list):
        return [_resolved(item) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        return schema(reference[len(_PREFIX) :])
    if list(node) == ["allOf"] and len(node["allOf"]) == 1:
        # OpenAPI 3.0 wants a reference wrapped in allOf if the key is to have a description of its own.
        return _resolved(node["allOf"][0])
    return {key: _resolved(value) for key, value in node.items()}


@cache
def properties(name: str) -> Mapping[str, Schema]:
    """Return the schemas of an object's keys."""
    return schema(name)["properties"]


@cache
def function_keys(name: str) -> Mapping[str, str]:
    """Return, for each key of an object that names a callable file, the key that names the function in it."""
    return {of_key["x-file"]: key for key, of_key in properties(name).items() if "x-file" in of_key}


def other_half(key_schemas: Mapping[str, Schema], key: str) -> str | None:
    """Return the file's key for the key of a function, the function's key for that of its file, None for any other.

    key_schemas: the schemas of the keys; the x-file of a function's key is the key of its file.
    """
    if "x-file" in key_schemas.get(key, {}):
        return str(key_schemas[key]["x-file"])
    return next((name for name, of_name in key_schemas.items() if of_name.get("x-file") == key), None)


def companions(key_schemas: Mapping[str, Schema], key: str) -> set[str]:
    """Return the other keys that belong to the same function as a key: those of its name, file and arguments."""
    for name, of_name in key_schemas.items():
        keys_of_function = {name, *(of_name[link] for link in ("x-file", "x-arguments") if link in of_name)}
        if "x-file" in of_name and key in keys_of_function:
            return keys_of_function - {key}
    return set()


def faults(name: str, document: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each fault that a document has by a schema: its path, and the sentence that says what is wrong."""
    for error in _validator(name).iter_errors(document):
        yield tuple(error.absolute_path), schema_faults.sentence(error)


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft4Validator, validators

    # OpenAPI 3.0 is based on draft 4, for which 3.0 is no whole number.
    # The schema itself is checked by a test, not at every start.
    validator: Any = validators.extend(Draft4Validator, validators=schema_faults.keywords())  # type: ignore[no-untyped-call] # jsonschema has no hint for it
    compiled = _compiled(schema(name))
    if name == "WorkflowRequest":
        # Its content is checked by itself, by the schema "Workflow".
        compiled["properties"]["workflow"] = {"type": "object"}
    if name == "Workflow":
        # Each definition is checked by itself, after the default block is merged into it.
        compiled["properties"]["dag_config"].pop("additionalProperties")
    return validator(compiled)


def _compiled(node: Any) -> Any:
    """Return a copy of a schema with only the keywords that validation needs, which makes it faster."""
    if not isinstance(node, dict):
        return node
    compiled = {}
    for key, value in node.items():
        if key not in _CHECKED:
            continue
        if key == "properties":
            value = {name: _compiled(schema) for name, schema in value.items()}
            compiled["x-known"] = list(value)
        elif key in {"items", "x-items", "additionalProperties"}:
            if value is True:
                continue
            value = _compiled(value)
        compiled[key] = value
    if "nullable" in compiled and not {"type", "x-types"} & set(compiled):
        del compiled["nullable"]
    return compiled


@lru_cache(maxsize=1)
def _json_schema() -> Schema:
    document = {name: _standard(node) for name, node in schemas().items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A workflow for deploy_dag",
        "$ref": "#/definitions/WorkflowRequest",
        "definitions": document,
    }


def json_schema() -> Schema:
    """Return the format as one JSON Schema (draft 7), for editors: a WorkflowRequest, the rest in `definitions`."""
    return copy.deepcopy(_json_schema())


def _standard(node: Any) -> Any:
    if isinstance(node, list):
        return [_standard(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": "#/definitions/" + node["$ref"][len(_PREFIX) :]}
    result = {
        key: value for key, value in node.items() if not key.startswith("x-") and key not in {"nullable", "example"}
    }
    for key in {"additionalProperties", "allOf", "items"} & set(node):
        result[key] = _standard(node[key])
    if "properties" in node:
        result["properties"] = {name: _standard(of_name) for name, of_name in node["properties"].items()}
    if "x-items" in node:
        result["items"] = _standard(node["x-items"])
    if "example" in node:
        result["examples"] = [node["example"]]
    types = node.get("x-types") or ([node["type"]] if "type" in node else [])
    if types:
        types = [*types, "null"] if node.get("nullable") else types
        result["type"] = types if len(types) > 1 else types[0]
    if "enum" in node and node.get("nullable"):
        result["enum"] = [*node["enum"], None]
    return result
