"""From which packages a definition may name operators, decorators, functions and objects by their dotted paths.

The installation adds its own: [openmetadata_airflow_apis] allowed_operators and allowed_callables.
"""

from __future__ import annotations

import re

OPERATOR_PACKAGES = ("airflow.operators", "airflow.sensors", "airflow.providers")
DECORATOR_PACKAGES = ("airflow.decorators", "airflow.providers")


def is_allowed(name: str, packages: tuple[str, ...], *, always: tuple[str, ...] = ("airflow.",)) -> bool:
    """Tell whether a dotted path leads into a package that definitions may name.

    packages: those that the installation allows. always: what the paths start with that are allowed everywhere.
    """
    if not is_dotted(name):
        return False
    return name.startswith(always) or any(name.startswith(package + ".") for package in packages)


_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", re.ASCII)


def is_dotted(text: object) -> bool:
    """Tell whether a text is a dotted path of Python names."""
    return isinstance(text, str) and _DOTTED.fullmatch(text) is not None
