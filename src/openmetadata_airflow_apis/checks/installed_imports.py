"""Imports what a definition names by a dotted path, from installed packages on an allow-list and nowhere else.

The dags, config and plugins folders are on sys.path in every Airflow process: a file in one of them could take
the place of a package's module, and would be executed in the webserver. So each module's file is looked
up before the module is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks.provider_packages import how_to_install, provider_meant
from openmetadata_airflow_apis.definition import closest

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings


class NotImportable(Exception):
    """What a dotted path names may not, or cannot, be imported; str() is a sentence for the definition's author.

    meant: the path that was probably meant, None if none is near.
    """

    def __init__(self, sentence: str, *, meant: str | None = None) -> None:
        self.meant = meant
        super().__init__(sentence)


@dataclass(frozen=True)
class Imports:
    """Imports by dotted path. `authored`: the folders of authors' files, out of which nothing is imported."""

    authored: tuple[str, ...] = ()

    @classmethod
    def beside(cls, settings: Settings) -> Imports:
        """Return the imports of an installation: its dags, plugins, config and managed folders are the authors'."""
        from airflow.configuration import AIRFLOW_HOME
        from airflow.settings import DAGS_FOLDER, PLUGINS_FOLDER

        folders = (
            DAGS_FOLDER,
            PLUGINS_FOLDER,
            os.path.join(AIRFLOW_HOME, "config"),  # noqa: PTH118 - Airflow's own way to name it
            settings.dag_managed_operators,
            settings.dag_generated_configs,
        )
        return cls(tuple(os.path.realpath(folder) for folder in folders if folder))

    def get(self, path: str, packages: tuple[str, ...], *, option: str, added: tuple[str, ...]) -> Any:
        """Return the object at a dotted path inside one of the packages; raise NotImportable.

        option: the option that allows further packages. added: the packages that it allows.
        """
        if not any(path.startswith(f"{package}.") for package in (*packages, *added)):
            names = ", ".join((*added, path.partition(".")[0]))
            raise NotImportable(
                f"'{path}' is in none of the packages that may be used: {', '.join((*packages, *added))}; "
                f"allow its package in airflow.cfg: [openmetadata_airflow_apis] {option} = {names}"
            )
        try:
            return _import(path, self.authored)
        except NotImportable:
            install, provider = how_to_install(path), provider_meant(path)
            if install is not None:
                raise NotImportable(install) from None
            if provider is not None:
                name, near = provider
                meant = path.replace(f".{name}.", f".{near}.", 1)
                sentence = f"there is no provider package for airflow.providers.{name}; did you mean '{near}'?"
                raise NotImportable(sentence, meant=meant) from None
            raise


@lru_cache(maxsize=4096)
def _import(path: str, authored: tuple[str, ...]) -> Any:
    parts = path.split(".")
    if not all(part.isidentifier() for part in parts):
        raise NotImportable(f"'{path}' is not a dotted path of Python names")
    target: Any = None
    for depth, part in enumerate(parts, 1):
        name = ".".join(parts[:depth])
        if target is not None and not _is_module_below(target, name):
            target = _attribute(target, part, parts, depth)
            continue
        target = _import_module(name, authored)
    return target


def _attribute(target: Any, part: str, parts: list[str], depth: int) -> Any:
    """Return the attribute that part number `depth` of a path names."""
    try:
        return getattr(target, part)
    except AttributeError:
        kind = "module or class" if hasattr(target, "__path__") else "class" if part[:1].isupper() else "name"
    except Exception as error:  # a module that imports its attributes when they are asked for
        path = ".".join(parts[:depth])
        raise NotImportable(f"'{path}' can't be imported here: {type(error).__name__}: {error}") from error
    before = ".".join(parts[: depth - 1])
    near = closest(part, _names_of(target))
    if near is None:
        raise NotImportable(f"no {kind} '{part}' in {before}")
    meant = ".".join([before, near, *parts[depth:]])
    raise NotImportable(f"no {kind} '{part}' in {before}; did you mean '{near}'?", meant=meant)


def _is_module_below(target: Any, name: str) -> bool:
    """Tell whether `name` is a module to import rather than an attribute of `target`."""
    if not hasattr(target, "__path__"):
        return False
    if name in sys.modules:
        return True
    return importlib.util.find_spec(name) is not None


def _import_module(name: str, authored: tuple[str, ...]) -> Any:
    loaded_module = sys.modules.get(name)
    spec = getattr(loaded_module, "__spec__", None) if loaded_module is not None else importlib.util.find_spec(name)
    if spec is None and loaded_module is None:
        raise NotImportable(f"no package '{name}' is installed")
    # A namespace package has no origin and executes nothing; the modules in it are looked up when it is their turn.
    origin = getattr(spec, "origin", None)
    if origin and is_below(origin, authored):
        raise NotImportable(f"'{name}' is a file of authors ({origin}), not of an installed package")
    if loaded_module is not None:
        return loaded_module
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise NotImportable(f"'{name}' can't be imported here: {type(error).__name__}: {error}") from error


def is_below(place: str, folders: tuple[str, ...]) -> bool:
    """Tell whether a path is inside one of the folders (real paths); links are followed."""
    real = os.path.realpath(place)
    return any(real == folder or real.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _names_of(module: Any) -> list[str]:
    names = [name for name in dir(module) if not name.startswith("_")]
    if hasattr(module, "__path__"):
        import pkgutil

        names += [info.name for info in pkgutil.iter_modules(module.__path__)]
    return names
