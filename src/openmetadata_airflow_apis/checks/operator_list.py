"""The paths of the operators that are installed, by the text of their modules: nothing is imported for it."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLASS = re.compile(r"^class ([A-Z]\w*(?:Operator|Sensor|SensorAsync))\(", re.MULTILINE)
_PACKAGES = ("airflow.operators", "airflow.sensors")
_KINDS = ("operators", "sensors", "transfers")


@lru_cache(maxsize=1)
def installed_operators() -> tuple[str, ...]:
    """Return the dotted path of each operator, sensor and transfer of Airflow and its installed provider packages.

    A class counts as one by its name. Base classes are left out, as are those of an administrator's own packages.
    """
    paths = (f"{module}.{name}" for module in _modules() for name in _CLASS.findall(_source(module)))
    return tuple(sorted({path for path in paths if not path.rpartition(".")[2].startswith(("Base", "Abstract"))}))


def _modules() -> Iterator[str]:
    from airflow.providers_manager import ProvidersManager

    for package in _PACKAGES:
        spec = find_spec(package)
        for module in iter_modules(spec.submodule_search_locations if spec else ()):
            yield f"{package}.{module.name}"
    for provider in ProvidersManager().providers.values():
        for kind in _KINDS:
            for integration in provider.data.get(kind, ()):
                yield from integration.get("python-modules", ())


def _source(module: str) -> str:
    """Return a module's text, "" if its package needs another one that is missing."""
    try:
        spec = find_spec(module)
    except ImportError:
        return ""
    return Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
