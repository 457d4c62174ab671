"""What depends on what in a DAG, down to the map indexes of mapped task groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.mappedoperator import MappedOperator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG


def _mapped_group_id(task: Any) -> str | None:
    """Return the id of the innermost mapped task group around a task, None outside of any."""
    group = task.get_closest_mapped_task_group()
    return None if group is None else group.group_id


def index_by_index(upstream: Any, downstream: Any) -> bool:
    """Tell whether each map index of downstream depends on the same index of upstream alone.

    That is so inside one mapped task group; elsewhere all indexes wait for all.
    """
    group = _mapped_group_id(downstream)
    return group is not None and group == _mapped_group_id(upstream)


def upstream_ids(dag: DAG, task_ids: Iterable[str]) -> set[str]:
    """Return the ids of all tasks that these depend on, directly or not, without these themselves."""
    start = set(task_ids)
    upstream: set[str] = set()
    to_visit = list(start)
    while to_visit:
        new_ids = dag.task_dict[to_visit.pop()].upstream_task_ids - upstream
        upstream |= new_ids
        to_visit.extend(new_ids)
    return upstream - start


def downstream_ids(dag: DAG, task_ids: Iterable[str]) -> set[str]:
    """Return the ids of all tasks that depend on one of these, directly or not; ids that the DAG lacks have none."""
    downstream: set[str] = set()
    to_visit = [task_id for task_id in task_ids if dag.has_task(task_id)]
    while to_visit:
        new_ids = dag.task_dict[to_visit.pop()].downstream_task_ids - downstream
        downstream |= new_ids
        to_visit.extend(new_ids)
    return downstream


def mapped_dependencies(task: Any) -> list[Any]:
    """Return the tasks whose output a task, or the mapped task group around it, is expanded over."""
    if isinstance(task, MappedOperator):
        return list(task.iter_mapped_dependencies())
    group = task.get_closest_mapped_task_group()
    return [] if group is None else list(group.iter_mapped_dependencies())
