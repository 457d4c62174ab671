"""Paths below dag_managed_operators, and what to write instead of paths that are right on one machine alone."""

from __future__ import annotations

import keyword
import re

from openmetadata_airflow_apis.definition.fault_messages import quoted

_FOLDERS = re.compile(r"[/\\]+")
_DRIVE = re.compile(r"[A-Za-z]:", re.ASCII)


def fault_of_path(path: str) -> str | None:
    """Return why a path can't be one below dag_managed_operators, and what to write, or None if it can."""
    if "$" in path:
        reason = "has a variable of the environment in it, and none is read"
    elif path.startswith(("/", "\\", "~")) or _DRIVE.match(path):
        reason = "is an absolute path"
    elif ".." in _FOLDERS.split(path):
        reason = "leaves dag_managed_operators"
    else:
        return None
    shown = path if len(path) <= 200 else path[:197] + "..."
    return f"{quoted(path)} {reason}: copy {shown} into dag_managed_operators and write {name_of_copy(path)}"


def name_of_copy(path: str) -> str:
    """Return the name for a copy of a file, or of a folder, that lies directly in dag_managed_operators."""
    name = ["", *(part for part in _FOLDERS.split(path) if part not in {"", ".", ".."})][-1]
    stem, dot, ending = name.rpartition(".")
    if ending != "py" or not dot:
        return name or "files"
    stem = re.sub(r"\W", "_", stem, flags=re.ASCII) or "callables"
    if not stem.isidentifier() or keyword.iskeyword(stem):
        stem = f"file_{stem}"
    return f"{stem}.py"
