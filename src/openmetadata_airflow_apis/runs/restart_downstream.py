"""What a restart runs again beside what it begins with: what is downstream, and the setups and teardowns it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from openmetadata_airflow_apis.runs.task_dependencies import index_by_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG

# The map indexes of one task; None is all of them.
Indexes = Optional["set[int]"]


def to_run_again(dag: DAG, start: Iterable[tuple[str, int]], *, include_downstream: bool = True) -> dict[str, Indexes]:
    """Return the map indexes, by task_id, of all task instances that have to run again if those in start do.

    These are start itself; everything downstream, if asked for; and, as in DAG.partial_subset, the setups that these
    tasks need, with their teardowns, which have cleaned up by now, and the teardowns of setups in start.
    """
    stale: dict[str, Indexes] = {}
    for task_id, map_index in start:
        _add(stale, task_id, {map_index})
    setups = [dag.task_dict[task_id] for task_id in stale if dag.task_dict[task_id].is_setup]
    if include_downstream:
        _add_downstream(dag, stale)
    if any(task.is_setup or task.is_teardown for task in dag.task_dict.values()):
        for task_id in list(stale):
            task = dag.task_dict[task_id]
            if not task.is_setup and not task.is_teardown:
                for needed in task.get_upstreams_only_setups_and_teardowns():
                    _add_after(stale, task, needed)
        for setup in setups:
            for teardown in (task for task in setup.downstream_list if task.is_teardown):
                _add_after(stale, setup, teardown)
    return stale


def _add_downstream(dag: DAG, stale: dict[str, Indexes]) -> None:
    to_visit = list(stale)
    while to_visit:
        task = dag.task_dict[to_visit.pop()]
        to_visit += [after.task_id for after in task.downstream_list if _add_after(stale, task, after)]


def _add_after(stale: dict[str, Indexes], task: Any, to_add: Any) -> bool:
    """Add the instances of another task that belong to those of a stale one; tell whether any of them is new."""
    return _add(stale, to_add.task_id, stale[task.task_id] if index_by_index(task, to_add) else None)


def _add(stale: dict[str, Indexes], task_id: str, indexes: Indexes) -> bool:
    """Add indexes to those of a task; tell whether any of them is new."""
    if task_id not in stale:
        stale[task_id] = None if indexes is None else set(indexes)
        return True
    present = stale[task_id]
    if present is None:
        return False
    if indexes is None:
        stale[task_id] = None
        return True
    if indexes <= present:
        return False
    present |= indexes
    return True
