"""What is at fault by the schemas: unknown and refused keys, missing ones, wrong types; as sentences that say the cure.

jsonschema finds it. The keywords that OpenAPI 3.0 and openapi.yaml (x-refused, x-types, x-items) add are here too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jsonschema import ValidationError

from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, one_of, quoted
from openmetadata_airflow_apis.definition.refused_and_ignored_keys import refuse, refused_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openmetadata_airflow_apis.definition.workflow_schema import Schema

_LIMITS = {
    "maxItems": "has more than {} items",
    "maxLength": "is longer than {} characters",
    "maximum": "is more than {}, the largest number allowed",
    "minimum": "is less than {}, the smallest number allowed",
}


def sentence(error: ValidationError) -> str:
    """Return the sentence of an error that a validator with `keywords()` found."""
    limit = _LIMITS.get(str(error.validator))
    if limit is not None:
        return limit.format(error.validator_value)
    if error.validator == "minLength":
        return "is empty; give a text"
    if error.validator in {"minItems", "minProperties"}:
        return "is empty; give at least one"
    return error.message


def keywords() -> dict[str, Callable[..., Iterator[ValidationError]]]:
    """Return the validators of the keywords that jsonschema doesn't know, or words differently."""
    return {
        "properties": _properties,
        "type": _types,
        "x-types": _types,
        "required": _required,
        "additionalProperties": _additional,
        "enum": _enum,
        "items": _items,
        "x-items": _items,
        "x-refused": refuse,
    }


# The keywords that `_plainly_fits` understands.
_PLAIN = frozenset({"enum", "maxLength", "maximum", "minLength", "minimum", "nullable", "type", "x-types"})
# What JSON, and YAML as well, read as a value of the type where it has no quotes.
_WITHOUT_QUOTES = {
    "boolean": "true|false",
    "integer": r"-?(0|[1-9]\d*)",
    "number": r"-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?",
}
_PYTHON_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


def _plainly_fits(value: Any, of_value: Schema) -> bool:
    """Tell whether a value certainly fits, at a tenth of jsonschema's cost; if not, jsonschema decides."""
    if not _PLAIN.issuperset(of_value):
        return False
    types = of_value.get("x-types") or ([of_value["type"]] if "type" in of_value else [])
    if types:
        is_boolean = isinstance(value, bool)
        if not any((name == "boolean") == is_boolean and isinstance(value, _PYTHON_TYPES[name]) for name in types):
            return False
    if isinstance(value, str):
        if not of_value.get("minLength", 0) <= len(value) <= of_value.get("maxLength", len(value)):
            return False
        return value in of_value.get("enum", (value,))
    if isinstance(value, (int, float)):
        return bool(of_value.get("minimum", value) <= value <= of_value.get("maximum", value))
    return True


def _properties(validator: Any, of_keys: dict[str, Schema], value: Any, _: Schema) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in of_keys and not _plainly_fits(item, of_keys[key]):
                yield from validator.descend(item, of_keys[key], path=key, schema_path=key)


def _types(validator: Any, allowed: Any, value: Any, of_value: Schema) -> Iterator[ValidationError]:
    names = [allowed] if isinstance(allowed, str) else allowed
    if (value is None and of_value.get("nullable")) or any(validator.is_type(value, name) for name in names):
        return
    cure = ""
    if isinstance(value, str):
        text = value.strip().lower()
        if any(name in names and re.fullmatch(pattern, text, re.ASCII) for name, pattern in _WITHOUT_QUOTES.items()):
            cure = f", {text} without quotes"
    # The text "true" is accepted for a flag as well, but nobody is advised to write it.
    advised_types = ["boolean"] if names == ["boolean", "string"] else names
    yield ValidationError(f"{kind_of(value)}; give {one_of(advised_types)}{cure}")


def _required(_: Any, names: list[str], value: Any, __: Schema) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for name in names:
            if name not in value:
                yield ValidationError(f"'{name}' is missing")


def _additional(validator: Any, allowed: Any, value: Any, of_value: Schema) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    key_schemas = of_value.get("properties", {})
    refused = refused_keys(of_value)
    for key in value:
        if key in key_schemas:
            continue
        if allowed is not False:
            yield from validator.descend(value[key], allowed, path=key)
        elif key not in refused:
            yield ValidationError(f"unknown key '{key}'{_hint(key, key_schemas)}", path=[key])


def _enum(_: Any, allowed: list[str], value: Any, __: Schema) -> Iterator[ValidationError]:
    # A value of another type has its fault already.
    if isinstance(value, str) and value not in allowed:
        yield ValidationError(f"{quoted(value)} is not one of {', '.join(allowed)}{nearest(value, allowed)}")


def _items(validator: Any, of_items: Any, value: Any, _: Schema) -> Iterator[ValidationError]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if not _plainly_fits(item, of_items):
                yield from validator.descend(item, of_items, path=index)


def _hint(key: str, key_schemas: dict[str, Schema]) -> str:
    if key in key_schemas.get("default_args", {}).get("properties", {}):
        return "; it belongs in default_args"
    near = nearest(key, key_schemas)
    if near:
        return near
    return f"; the keys are {', '.join(key_schemas)}" if len(key_schemas) < 12 else ""
