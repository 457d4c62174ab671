"""Which names a DAG may have: its file stands on sys.path, beside Python's own modules.

Two names that differ in case alone are one name: of DAGs, and of bundles.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.fault_messages import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z0-9](?:\.?[A-Za-z0-9_-])*", re.ASCII)
_LONGEST = 200
# "DAGs" is the name of Airflow's permission on all DAGs; the modules are Airflow's own hooks.
_RESERVED = {"dags", "default", "airflow_local_settings", "webserver_config"}
_MODULE_ENDINGS = (".py", ".pyc", ".so", ".pyd")


def is_name(text: str) -> bool:
    """Tell whether a text has the form of a DAG's name; then it is the name of a file as well."""
    return len(text) <= _LONGEST and _NAME.fullmatch(text) is not None


def folded(name: str) -> str:
    """Return a DAG's or a bundle's name in lower case, which is the same for all names that differ in case alone.

    On the disks of macOS and Windows they are one file. Several names are always locked in the order of this form.
    """
    return name.lower()


def fault_of_name(name: str, *, dags_folder: Path | None = None) -> str | None:
    """Return what is wrong with a name for a DAG, or None.

    dags_folder: modules in it don't count: whether a file there may be replaced is decided by the deployment.
    """
    if not is_name(name):
        return (
            f"{quoted(name)} is no name for a DAG: it has the letters a to z, digits, '_', '-' and '.', begins with "
            "a letter or a digit, has no two dots in a row and none at its end, and is "
            f"{_LONGEST} characters long at most"
        )
    module = folded(name)
    if module in _RESERVED:
        return f"'{name}' is a reserved name; give another"
    # No module has a dot in its name: `import service.schema` looks for schema in service, never for service.schema.py.
    if module in _standard_modules() or module in _installed_modules(dags_folder):
        return f"'{name}' is the name of an importable Python module, which the DAG's file would hide; give another"
    return None


def _standard_modules() -> set[str]:
    # Python < 3.10 has no list of its standard library; its modules are found on sys.path then.
    names = {*sys.builtin_module_names, *getattr(sys, "stdlib_module_names", ())}
    return set(map(folded, names))


def _installed_modules(dags_folder: Path | None) -> set[str]:
    ignored = _real_path(dags_folder) if dags_folder is not None else None
    names: set[str] = set()
    for entry in dict.fromkeys(sys.path):
        folder = Path(entry or ".")
        if _is_folder(folder) and _real_path(folder) != ignored:
            names.update(_modules(folder))
    return names


def _real_path(folder: Path) -> str | None:
    """Return a path without links, as far as it can be resolved; None if the working directory was deleted."""
    try:
        return os.path.realpath(folder)
    except OSError:
        return None


def _is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; false if the disk does not answer or the path may not be read."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises errors that it does not expect


def _modules(folder: Path) -> Iterator[str]:
    holds_packages = folder.name in {"site-packages", "dist-packages"}
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        # Outside of site-packages, a folder without __init__ is rarely a package.
        is_package = "." not in entry.name and _is_folder(entry) and (holds_packages or _has_init(entry))
        if is_package or entry.name.endswith(_MODULE_ENDINGS):
            yield folded(entry.name.split(".")[0])


def _has_init(folder: Path) -> bool:
    return os.path.isfile(folder / "__init__.py")  # noqa: PTH113 - as above
