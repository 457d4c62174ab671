"""The arguments that tasks get from default_args."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition.canonical import tag_of

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.canonical import Arguments, Definition, Task, Value


class DefaultArgs:
    """The default_args of a definition: the DAG's and those of its groups."""

    def __init__(self, definition: Definition) -> None:
        self._of_dag = plain_map(definition["dag"].get("default_args"))
        self._groups = {group["group_id"]: group for group in definition["task_groups"]}

    def of(self, task: Task) -> Arguments:
        """Return the default arguments of a task: of the DAG, the groups around it and its own; the innermost win."""
        inside_out = [plain_map(task["arguments"].get("default_args"))]
        group = self._groups.get(task.get("group") or "")
        while group is not None:
            inside_out.append(plain_map((group.get("arguments") or {}).get("default_args")))
            group = self._groups.get(group.get("parent") or "")
        merged = dict(self._of_dag)
        for defaults in reversed(inside_out):
            merged.update(defaults)
        return merged


def plain_map(value: Value) -> Arguments:
    """Return a map's keys and values; an empty map if the value is known only when the task runs."""
    if tag_of(value) == "$literal":
        return value["$literal"]
    return value if isinstance(value, dict) and tag_of(value) is None else {}
