"""What jsonschema finds, as sentences that say the cure. The keywords that OpenAPI 3.0 adds are here too."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from jsonschema import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from openmetadata_airflow_apis.definition.workflow_schema import Schema

_TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a map",
    "string": "a text",
}

_LIMITS = {
    "maxItems": "has more than {} items",
    "maxLength": "is longer than {} characters",
    "maximum": "is more than {}, the largest number allowed",
    "minimum": "is less than {}, the smallest number allowed",
}


_FEW = 6


def closest(word: str, words: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the nearest of the words, or None if none is near. likeness: how near it must be, from 0 to 1."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=likeness)
    return close[0] if close else None


def nearest(word: str, words: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return "; did you mean 'x'?" with the nearest of the words, or "" if none is near."""
    close = closest(word, words, likeness=likeness)
    return f"; did you mean '{close}'?" if close else ""


def nearest_or_all(word: str, words: Iterable[str]) -> str:
    """Return what nearest does if a word is near, else all of the words if they are few: "; there are 'a', 'b'"."""
    distinct_words = list(dict.fromkeys(words))
    if closest(word, distinct_words) or not 0 < len(distinct_words) <= _FEW:
        return nearest(word, distinct_words)
    return f"; there {'is' if len(distinct_words) == 1 else 'are'} {', '.join(map(quoted, distinct_words))}"


def quoted(value: object) -> str:
    """Return a text in quotes and any other value as JSON, cut off if it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if isinstance(value, str) else text


def one_of(types: Iterable[str]) -> str:
    """Return "a text, a list or a map"."""
    names = [_TYPE_NAMES[name] for name in types]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def kind_of(value: object) -> str:
    """Return what a JSON value is, as the beginning of a sentence: "is the text 'x'", "is a list"."""
    if isinstance(value, bool):
        return f"is {quoted(value)}"
    if value is None:
        return "is null"
    if isinstance(value, str):
        return f"is the text {quoted(value)}"
    if isinstance(value, (int, float)):
        return f"is the number {quoted(value)}"
    return "is a list" if isinstance(value, list) else "is a map"


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
        "x-refused": _refused,
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
    refused = of_value.get("x-refused", {})
    for key in value:
        if key in key_schemas:
            continue
        if allowed is not False:
            yield from validator.descend(value[key], allowed, path=key)
        elif key not in refused:
            yield ValidationError(f"unknown key '{key}'{_hint(key, key_schemas)}", path=[key])


def _refused(_: Any, reasons: dict[str, str], value: Any, __: Schema) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for key in value:
            if key in reasons:
                yield ValidationError(f"'{key}' is not accepted: {reasons[key]}", path=[key])


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
