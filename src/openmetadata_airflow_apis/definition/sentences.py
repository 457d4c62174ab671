"""What jsonschema finds, as sentences that say the cure. The keywords that OpenAPI 3.0 adds are here too."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jsonschema import ValidationError

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


def nearest(word: str, words: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" with the nearest of the words, or nothing where none is near."""
    close = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def quoted(value: object) -> str:
    """Return a value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def one_of(types: Iterable[str]) -> str:
    """Return "a text, a list or a map"."""
    names = [_TYPE_NAMES[name] for name in types]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def kind_of(value: object) -> str:
    """Return what a JSON value is, in the words of these sentences."""
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
    if error.validator in {"minItems", "minProperties", "minLength"}:
        return "is empty; give at least one" if error.validator != "minLength" else "is empty"
    return error.message


def keywords() -> dict[str, Callable[..., Iterator[ValidationError]]]:
    """Return the keywords that our schemas have beyond jsonschema's, or in other words than its."""
    from jsonschema import ValidationError

    def types(validator: Any, allowed: Any, value: object, of_value: dict[str, Any]) -> Iterator[ValidationError]:
        names = [allowed] if isinstance(allowed, str) else allowed
        if value is None and of_value.get("nullable"):
            return
        if not any(validator.is_type(value, name) for name in names):
            wanted = one_of(names)
            cure = ""
            if isinstance(value, str) and value.strip().lower() in {"true", "false"} and "boolean" in names:
                cure = f" without quotes: {value.strip().lower()}"
            elif isinstance(value, str) and _is_number(value) and {"integer", "number"} & set(names):
                cure = f" without quotes: {value.strip()}"
            yield ValidationError(f"{kind_of(value)}; give {wanted}{cure}")

    def required(validator: Any, names: list[str], value: object, _: dict[str, Any]) -> Iterator[ValidationError]:
        if validator.is_type(value, "object"):
            for name in names:
                if name not in value:  # type: ignore[operator] - it is an object
                    yield ValidationError(f"'{name}' is missing")

    def additional(validator: Any, allowed: Any, value: object, of_value: dict[str, Any]) -> Iterator[ValidationError]:
        if not isinstance(value, dict):
            return
        known = of_value.get("properties", {})
        for key in value:
            if key in known:
                continue
            if allowed is not False:
                yield from validator.descend(value[key], allowed, path=key)
                continue
            reason = of_value.get("x-refused", {}).get(key)
            message = (
                f"'{key}' is not accepted: {reason}"
                if reason
                else f"unknown key '{key}'{nearest(key, known) or belongs(key, of_value)}"
            )
            yield ValidationError(message, path=[key])

    def enum(_: Any, allowed: list[str], value: object, of_value: dict[str, Any]) -> Iterator[ValidationError]:
        if value is None and of_value.get("nullable"):
            return
        # A value of another type has its fault already.
        if isinstance(value, str) and value not in allowed:
            near = nearest(value, allowed)
            yield ValidationError(f"{quoted(value)} is not one of {', '.join(allowed)}{near}")

    def items(validator: Any, of_items: Any, value: object, _: dict[str, Any]) -> Iterator[ValidationError]:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from validator.descend(item, of_items, path=index)

    return {
        "type": types,
        "x-types": types,
        "required": required,
        "additionalProperties": additional,
        "enum": enum,
        "items": items,
        "x-items": items,
    }


def belongs(key: str, of_value: dict[str, Any]) -> str:
    """Say that a key belongs into default_args, where it does."""
    default_args = of_value.get("properties", {}).get("default_args", {}).get("properties", {})
    if key in default_args:
        return "; it belongs in default_args"
    return (
        "; the keys are " + ", ".join(sorted(of_value.get("properties", {})))
        if len(of_value.get("properties", {})) < 12
        else ""
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
