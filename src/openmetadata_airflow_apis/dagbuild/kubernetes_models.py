"""Makes models of the Kubernetes client of plain maps, however deep, with keys in either spelling.

A model accepts a map in place of an inner model and sends it to the cluster as it is, with keys in Python's spelling
such as `claim_name`, which Kubernetes doesn't know.
"""

from __future__ import annotations

from typing import Any


def is_model(candidate: object) -> bool:
    """Tell whether an object is a model's class."""
    return isinstance(candidate, type) and hasattr(candidate, "openapi_types") and hasattr(candidate, "attribute_map")


def make_model(cls: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Return the model with its arguments; raise TypeError, ValueError if the class refuses them."""
    if not is_model(cls):
        return cls(*args, **kwargs)
    attributes: dict[str, Any] = {}
    for key, value in kwargs.items():
        name = attribute_of(cls, key)
        if name in attributes:
            raise TypeError(f"'{key}' is given in both spellings")
        attributes[name or key] = _converted(value, cls.openapi_types[name]) if name else value
    return cls(*args, **attributes)


def attribute_of(cls: Any, key: str) -> str | None:
    """Return the attribute of a model that a key in Python's or in Kubernetes' spelling means, None for neither."""
    if key in cls.openapi_types:
        return key
    return next((name for name, of_json in cls.attribute_map.items() if of_json == key), None)


def inner_type(type_text: str) -> tuple[str, Any]:
    """Return the parts of an attribute's type, from the text that the client has for it.

    ("list", type of its items), ("dict", type of its values), ("model", class), ("plain", name).
    """
    from kubernetes.client import models

    if type_text.startswith("list["):
        return "list", type_text[5:-1]
    if type_text.startswith("dict"):  # dict(str, str), or dict[str, str] since client 35
        return "dict", type_text[5:-1].partition(",")[2].strip()
    model = getattr(models, type_text, None)
    return ("model", model) if is_model(model) else ("plain", type_text)


def _converted(value: Any, type_text: str) -> Any:
    kind, inner = inner_type(type_text)
    if kind == "list" and isinstance(value, list):
        return [_converted(item, inner) for item in value]
    if kind == "dict" and isinstance(value, dict):
        return {key: _converted(item, inner) for key, item in value.items()}
    if kind == "model" and isinstance(value, dict):
        return make_model(inner, [], value)
    return value
