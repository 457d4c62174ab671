"""What depends on what in a DAG, down to the map indexes of mapped task groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG

# The map indexes of one task; None is all of them.
Indexes = Optional["set[int]"]


def mapped_group_id(task: Any) -> str | None:
    """Return the id of the innermost mapped task group around a task, None outside of any."""
    group = task.get_closest_mapped_task_group()
    return None if group is None else group.group_id


def index_by_index(upstream: Any, downstream: Any) -> bool:
    """Tell whether each map index of downstream depends on the same index of upstream alone.

    That is so inside one mapped task group; elsewhere all indexes wait for all.
    """
    group = mapped_group_id(downstream)
    return group is not None and group == mapped_group_id(upstream)


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


def affected_by(dag: DAG, task_ids: Iterable[str]) -> list[Any]:
    """Return the tasks whose scheduling looks at these: those directly downstream, and all downstream of a setup."""
    task_ids_affected: set[str] = set()
    for task_id in task_ids:
        task = dag.task_dict[task_id]
        task_ids_affected |= task.get_flat_relative_ids(upstream=False) if task.is_setup else task.downstream_task_ids
    return [dag.task_dict[task_id] for task_id in sorted(task_ids_affected)]


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
