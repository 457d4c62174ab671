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
        """Return what a task gets: from the DAG, from the groups around it, and from its own, which win."""
        inner = [plain_map(task["arguments"].get("default_args"))]
        group = self._groups.get(task.get("group") or "")
        while group is not None:
            inner.append(plain_map((group.get("arguments") or {}).get("default_args")))
            group = self._groups.get(group.get("parent") or "")
        given = dict(self._of_dag)
        for defaults in reversed(inner):
            given.update(defaults)
        return given


def plain_map(value: Value) -> Arguments:
    """Return a map's keys and values; nothing where the value is known only when the task runs."""
    if tag_of(value) == "$literal":
        return value["$literal"]
    return value if isinstance(value, dict) and tag_of(value) is None else {}
