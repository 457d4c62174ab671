"""Checks the arguments of Kubernetes objects: the client takes nearly everything, and the cluster then refuses it."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.dagbuild.kubernetes_models import attribute_of, inner_type, is_model
from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest
from openmetadata_airflow_apis.definition.places import CanonicalPlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openmetadata_airflow_apis.definition.canonical import Arguments, Value

_MISSING = re.compile(r"Invalid value for `(\w+)`, must not be `None`")
# To the client these are texts; Kubernetes takes numbers for a quantity as well.
_QUANTITIES = frozenset({"capacity", "divisor", "hard", "limits", "overhead", "requests", "size_limit"})
_PLAIN: dict[str, tuple[type, str]] = {
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "str": (str, "a text"),
}


def object_faults(cls: type, args: list[Value], kwargs: Arguments) -> Iterator[tuple[CanonicalPlace, str]]:
    """Yield what is wrong with the arguments of a model or of the provider's Secret, each with its place in kwargs.

    The content of a tagged value is checked with its tag, or known only when the task runs.
    """
    if is_model(cls):
        yield from _model_faults(cls, kwargs, given=len(args))
        return
    parameters = inspect.signature(cls).parameters
    hints = ""
    for key in kwargs:
        if key not in parameters:
            near = nearest(key, parameters)
            hints += near
            yield CanonicalPlace((key,)), f"a {cls.__name__} has no '{key}'{near}"
    for name in list(parameters)[len(args) :]:
        if parameters[name].default is inspect.Parameter.empty and name not in kwargs and f"'{name}'" not in hints:
            yield CanonicalPlace(), f"'{name}' is missing; a {cls.__name__} requires it"


def _model_faults(cls: Any, kwargs: Arguments, *, given: int = 0) -> Iterator[tuple[CanonicalPlace, str]]:
    sent_as: dict[str, str] = {}  # the model's attribute → the key that gives it
    hints = ""  # a misspelled attribute is not also noted as missing
    for key, value in kwargs.items():
        name = attribute_of(cls, key)
        if name is None:
            near = nearest(key, (*cls.openapi_types, *cls.attribute_map.values()))
            hints += near
            yield CanonicalPlace((key,)), f"a {cls.__name__} has no '{key}'{near}"
        elif name in sent_as:
            yield (
                CanonicalPlace((key,)),
                f"means the same as '{sent_as[name]}', which is there as well; give one of them",
            )
        else:
            sent_as[name] = key
            for place, detail in _value_faults(value, cls.openapi_types[name], name):
                yield CanonicalPlace((key, *place)), detail
    if not given:
        for name in _missing(cls, {name for name, key in sent_as.items() if kwargs[key] is not None}):
            if f"'{name}'" not in hints and f"'{cls.attribute_map[name]}'" not in hints:
                yield CanonicalPlace(), f"'{name}' is missing; a {cls.__name__} requires it"


def _missing(cls: Any, given: set[str]) -> Iterator[str]:
    """Yield the attributes that a model requires and lacks. No list has them: its class refuses to be made without."""
    probe = dict.fromkeys(given, "")
    while True:
        try:
            cls(**probe)
        except (TypeError, ValueError) as error:
            match = _MISSING.search(str(error))
            if match is None or match[1] in probe:
                return
            yield match[1]
            probe[match[1]] = ""
        else:
            return


def _value_faults(value: Value, type_text: str, name: str) -> Iterator[tuple[CanonicalPlace, str]]:
    tag = tag_of(value)
    if tag == "$literal":
        value = value[tag]
    elif tag is not None or value is None:
        return
    kind, inner = inner_type(type_text)
    if kind == "plain":
        yield from _plain_faults(value, inner, name)
    elif kind == "list" and isinstance(value, list):
        yield from _item_faults(enumerate(value), inner, name)
    elif kind == "dict" and isinstance(value, dict):
        yield from _item_faults(value.items(), inner, name)
    elif kind == "model" and isinstance(value, dict):
        yield from _model_faults(inner, value)
    else:
        expected = {"list": "a list", "dict": "a map"}.get(kind) or f"a map, the keys of a {inner.__name__}"
        yield CanonicalPlace(), f"{kind_of(value)}; give {expected}"


def _item_faults(
    items: Iterable[tuple[str | int, Value]], type_text: str, name: str
) -> Iterator[tuple[CanonicalPlace, str]]:
    for key, item in items:
        for place, detail in _value_faults(item, type_text, name):
            yield CanonicalPlace((key, *place)), detail


def _plain_faults(value: Value, type_name: str, name: str) -> Iterator[tuple[CanonicalPlace, str]]:
    if type_name not in _PLAIN or (name in _QUANTITIES and type(value) in (int, float)):
        return
    expected_type, words = _PLAIN[type_name]
    if type(value) is not expected_type:
        yield CanonicalPlace(), f"{kind_of(value)}; give {words}"
