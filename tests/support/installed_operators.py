"""The operators, sensors and transfers that are installed: Airflow's own, and those that its providers tell of."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def installed_operators() -> list[type]:
    """Return every operator class that one of the modules defines itself, by its path; no private or abstract ones."""
    from airflow.models.baseoperator import BaseOperator

    operators: dict[str, type] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some modules are there for their old names alone
        for name in sorted({*_modules_of_airflow(), *_modules_of_providers()}):
            try:
                module = importlib.import_module(name)
            except Exception:  # noqa: BLE001, S112 - it wants an optional package, or has moved to a provider's
                continue
            for value in vars(module).values():
                if inspect.isclass(value) and issubclass(value, BaseOperator) and value.__module__ == name:
                    operators[path_of(value)] = value
    return [
        operators[path]
        for path in sorted(operators)
        if not operators[path].__name__.startswith("_") and not inspect.isabstract(operators[path])
    ]


def path_of(operator: type) -> str:
    """Return the dotted path of a class."""
    return f"{operator.__module__}.{operator.__qualname__}"


def parameters_of(operator: type) -> dict[str, tuple[inspect.Parameter, dict[str, Any]]]:
    """Return the parameters of a class and those above it, with the names that their hints see.

    Those that every operator has are EmptyOperator's alone here.
    """
    from airflow.models.baseoperator import BaseOperator

    parameters: dict[str, tuple[inspect.Parameter, dict[str, Any]]] = {}
    of_every_operator = inspect.unwrap(BaseOperator.__init__)
    for owner in operator.__mro__:
        if "__init__" not in vars(owner):
            continue
        function = inspect.unwrap(vars(owner)["__init__"])
        if function is of_every_operator and operator.__name__ != "EmptyOperator":
            break
        own = list(inspect.signature(function).parameters.values())[1:]
        for parameter in own:
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                parameters.setdefault(parameter.name, (parameter, function.__globals__))
        if function is of_every_operator or not any(parameter.kind is parameter.VAR_KEYWORD for parameter in own):
            break
    for name in ("self", "task_id", "dag", "task_group"):
        parameters.pop(name, None)
    return parameters


def _modules_of_airflow() -> Iterator[str]:
    import airflow.operators
    import airflow.sensors

    for package in (airflow.operators, airflow.sensors):
        yield from (module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))


def _modules_of_providers() -> Iterator[str]:
    from airflow.providers_manager import ProvidersManager

    for provider in ProvidersManager().providers.values():
        for kind in ("operators", "sensors"):
            for integration in provider.data.get(kind, ()):
                yield from integration["python-modules"]
        yield from (transfer["python-module"] for transfer in provider.data.get("transfers", ()))
