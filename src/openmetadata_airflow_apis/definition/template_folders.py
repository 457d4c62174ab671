"""Where template files are looked for beside the DAG's own folder: below dag_managed_operators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from openmetadata_airflow_apis.definition.canonical import tag_of
from openmetadata_airflow_apis.definition.managed_paths import fault_of_path
from openmetadata_airflow_apis.definition.reading_context import ABSENT
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import Arguments, FolderTag, Task, TaskGroup
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context

# A text that may be the name of a file, and is no mail address and no URL.
_FILE_NAME = re.compile(r"[^\s@:]+\.[A-Za-z][A-Za-z0-9]{0,7}", re.ASCII)
# Plain maps, and the tagged objects whose content may have such a name.
_WITHIN = frozenset({None, "$join", "$literal", "$variable"})


def read_template_folders(
    context: Context, value: str | list[str], path: PlainPath
) -> list[FolderTag] | Literal[Absent.ABSENT]:
    """Return the folders in which templates are found by their names alone, and dag_managed_operators itself."""
    places = [(value, path)] if isinstance(value, str) else [(name, path / i) for i, name in enumerate(value)]
    folders: list[FolderTag] = []
    for name, place in places:
        fault = fault_of_path(name)
        if fault is not None:
            context.fault(place, fault)
        else:
            folders.append({"$folder": name.strip("/")})
    if len(folders) < len(places):
        return ABSENT
    return folders if {"$folder": ""} in folders else [*folders, {"$folder": ""}]


def may_name_templates(default_args: Arguments, groups: list[TaskGroup], tasks: list[Task]) -> bool:
    """Tell whether an argument may be the name of a template file, or include one.

    Without such an argument, dag_managed_operators need not be looked up at each parse of the DAG.
    """
    never_templates = properties("WorkflowDefaultArgs")
    maps = [default_args, *(group["arguments"].get("default_args") or {} for group in groups)]
    for task in tasks:
        maps += [task["arguments"], task.get("partial") or {}, task.get("expand") or {}]
    return any(_may_name(value) for arguments in maps for key, value in arguments.items() if key not in never_templates)


def _may_name(value: Any) -> bool:
    if isinstance(value, str):
        return _FILE_NAME.fullmatch(value) is not None or "{%" in value
    if isinstance(value, dict):
        return tag_of(value) in _WITHIN and any(map(_may_name, value.values()))
    return isinstance(value, list) and any(map(_may_name, value))
