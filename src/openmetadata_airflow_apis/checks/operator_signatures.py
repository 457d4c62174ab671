"""What an operator class takes: its arguments over the whole of its inheritance, read once per class."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from openmetadata_airflow_apis.checks.arguments_wanting_functions_or_enums import (
    wanted_enum,
    wants_function,
    wants_functions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import Enum

# The keys of a task that hold arguments of its operator.
ARGUMENT_MAPS: tuple[Literal["arguments", "partial", "expand"], ...] = ("arguments", "partial", "expand")
# What build_dag gives to each operator itself.
_OURS = frozenset({"self", "task_id", "dag", "task_group"})


@dataclass(frozen=True)
class OperatorSignature:
    """The arguments of an operator class.

    accepted: every keyword that it or a class above it takes; None if it takes any.
    required: those of its own that have no default. functions: those that want a function.
    function_lists: those of the functions that take a list of functions as well.
    enums: the Enum for each that wants a member of it.
    template_fields, template_ext: as on the class.
    """

    accepted: frozenset[str] | None
    required: frozenset[str]
    functions: frozenset[str]
    function_lists: frozenset[str]
    enums: Mapping[str, type[Enum]]
    template_fields: frozenset[str]
    template_ext: tuple[str, ...]

    def takes(self, name: str) -> bool:
        """Tell whether a keyword is one of the arguments."""
        return self.accepted is None or name in self.accepted


@lru_cache(maxsize=1024)
def signature_of(operator: type) -> OperatorSignature:
    """Return what an operator class takes, following **kwargs up to the first class that has none."""
    from airflow.models.baseoperator import BaseOperator

    accepted: set[str] = set()
    functions: set[str] = set()
    function_lists: set[str] = set()
    enums: dict[str, type[Enum]] = {}
    required: frozenset[str] | None = None
    takes_any = False
    for owner in operator.__mro__:
        if "__init__" not in vars(owner):
            continue
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())
        named_parameters = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        accepted.update(parameter.name for parameter in named_parameters)
        functions.update(parameter.name for parameter in named_parameters if wants_function(parameter))
        function_lists.update(parameter.name for parameter in named_parameters if wants_functions(parameter))
        names = getattr(inspect.unwrap(vars(owner)["__init__"]), "__globals__", {})
        for parameter in named_parameters:
            members = wanted_enum(parameter, names)
            if members is not None:
                enums.setdefault(parameter.name, members)
        if required is None:
            required = frozenset(p.name for p in named_parameters if p.default is p.empty) - _OURS
        if owner is BaseOperator:  # which refuses what its **kwargs get
            break
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        if not takes_any:
            break
    else:
        takes_any = True
    return OperatorSignature(
        accepted=None if takes_any and not issubclass(operator, BaseOperator) else frozenset(accepted - _OURS),
        required=required or frozenset(),
        functions=frozenset(functions | function_lists),
        function_lists=frozenset(function_lists),
        enums=enums,
        template_fields=frozenset(_strings(getattr(operator, "template_fields", ()))),
        template_ext=tuple(_strings(getattr(operator, "template_ext", ()))),
    )


@lru_cache(maxsize=1)
def base_arguments() -> frozenset[str]:
    """Return the arguments that every operator takes."""
    from airflow.models.baseoperator import BaseOperator

    return signature_of(BaseOperator).accepted or frozenset()


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [item for item in value if isinstance(item, str)]
    return []  # a property, whose value only an object has
