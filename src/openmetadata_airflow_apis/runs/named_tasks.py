"""Resolves the names that a caller gives: a task_id, or a task group's id, which stands for all tasks in the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import InvalidArgument, TaskNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG


def tasks_by_name(dag: DAG, names: Iterable[str]) -> dict[str, set[str]]:
    """Return the task_ids that each name stands for. Raises TaskNotFound, and InvalidArgument if names is empty."""
    groups = dag.task_group.get_task_group_dict()
    tasks: dict[str, set[str]] = {}
    for name in names:
        if dag.has_task(name):
            tasks[name] = {name}
        elif name and name in groups:
            tasks[name] = {task.task_id for task in groups[name].iter_tasks()}
        else:
            raise TaskNotFound(dag.dag_id, name)
    if not tasks:
        raise InvalidArgument("task_ids", "names no task")
    return tasks
