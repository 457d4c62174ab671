"""Takes from the specification what calls need. The build of the wheel runs this file by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_METHODS = ("get", "post", "put", "patch", "delete")


def described_operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an Operation for each operation of an OpenAPI document, except the old door's."""
    described = []
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method not in item or "oldDoor" in item[method].get("tags", ()):
                continue
            parameters = [
                _resolved(document, parameter)
                for parameter in (*item.get("parameters", ()), *item[method].get("parameters", ()))
            ]
            described.append(
                {
                    "operation_id": item[method]["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": item[method]["summary"],
                    "parameters": {
                        parameter["name"]: {
                            "in": parameter["in"],
                            "required": parameter.get("required", False),
                            "description": " ".join(parameter.get("description", "").split()),
                            "type": parameter.get("schema", {}).get("type", "string"),
                        }
                        for parameter in parameters
                    },
                    "answer_keys": _answer_keys(document, item[method]["responses"]),
                    "body": "requestBody" in item[method],
                    "open": item[method].get("security") == [],
                }
            )
    return described


def _answer_keys(document: Mapping[str, Any], responses: Mapping[str, Any]) -> list[str]:
    """Return the keys that are required of a success."""
    successes = (_resolved(document, response) for code, response in responses.items() if code.startswith("2"))
    schemas = (success["content"]["application/json"]["schema"] for success in successes if "content" in success)
    return list(dict.fromkeys(key for schema in schemas for key in _resolved(document, schema).get("required", ())))


def _resolved(document: Mapping[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref")
    if reference is None:
        return part
    part_of_document: Any = document
    for part in reference.lstrip("#/").split("/"):
        part_of_document = part_of_document[part]
    return dict(part_of_document)
