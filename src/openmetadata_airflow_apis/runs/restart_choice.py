"""Which task instances a restart runs again: what failed or was chosen, what is downstream, setups and teardowns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from sqlalchemy import true

from openmetadata_airflow_apis.conflict_errors import NothingFailed, NothingToRestart
from openmetadata_airflow_apis.errors import InvalidArgument, TaskNotFound
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import tasks_by_name
from openmetadata_airflow_apis.runs.task_dependencies import index_by_index
from openmetadata_airflow_apis.runs.task_instance_rows import TI

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.sql import ColumnElement

# The map indexes of one task; None is all of them.
Indexes = Optional["set[int]"]


@dataclass(frozen=True)
class RestartChoice:
    """The task instances that a restart begins with, and how far it goes.

    task_ids: of tasks, or of task groups; None for all. map_index: only this instance of each of them.
    include_downstream: everything downstream is run again as well. only_failed: begin only with what has failed;
    otherwise with whatever has begun, in a run that succeeded too.
    """

    task_ids: tuple[str, ...] | None = None
    map_index: int | None = None
    include_downstream: bool = True
    only_failed: bool = True

    def __post_init__(self) -> None:
        """Raise InvalidArgument if there is a map_index without task_ids."""
        if self.map_index is not None and self.task_ids is None:
            raise InvalidArgument("map_index", "says which instance of a task, and no task_ids say of which; give both")

    def states(self) -> tuple[str, ...] | None:
        """Return the states that a restart begins with; None for any."""
        if not self.only_failed:
            return None
        # Tasks that did not run because of a failure are downstream of it. If downstream is left out, or tasks are
        # chosen, they count as failed themselves, as with Airflow's own only_failed.
        return ("failed",) if self.task_ids is None and self.include_downstream else ("failed", "upstream_failed")

    def tasks(self, dag: DAG) -> list[str] | None:
        """Return the task_ids that are chosen, groups' tasks included; None for all. Raise TaskNotFound."""
        return None if self.task_ids is None else sorted(set().union(*tasks_by_name(dag, self.task_ids).values()))

    def condition(self, dag: DAG) -> ColumnElement:
        """Return the condition for the task instances among which a restart looks for those to begin with."""
        task_ids = self.tasks(dag)
        if task_ids is None:
            states = self.states()
            return true() if states is None else TI.c.state.in_(states)
        of_tasks = TI.c.task_id.in_(task_ids)
        return of_tasks if self.map_index is None else of_tasks & (TI.c.map_index == self.map_index)

    def in_words(self) -> str | None:
        """Return the choice in words, for the run's note; None if it is the default."""
        if self == WHAT_FAILED:
            return None
        tasks = "all tasks" if self.task_ids is None else ", ".join(self.task_ids)
        at_index = "" if self.map_index is None else f" at map_index {self.map_index}"
        if_failed = ", where failed" if self.only_failed else ""
        return f"{tasks}{at_index}{if_failed}{'' if self.include_downstream else ', without what is downstream'}"

    def details(self) -> dict[str, Any]:
        """Return the fields of the choice that differ from the default, for the audit log."""
        fields = {
            "task_ids": None if self.task_ids is None else list(self.task_ids),
            "map_index": self.map_index,
            "include_downstream": None if self.include_downstream else False,
            "only_failed": None if self.only_failed else False,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def beginning(self, dag: DAG, rows: Sequence[Row], *, run_id: str) -> list[tuple[str, int]]:
        """Return task_id and map_index of the task instances that a restart of a run begins with; none if all wait.

        rows: the run's task instances with their states, at least those of the chosen tasks; if no tasks are chosen,
        those in `states`. Raises TaskNotFound.
        """
        if self.task_ids is not None:
            in_run = {row.task_id for row in rows}
            for name, tasks in tasks_by_name(dag, self.task_ids).items():
                if not tasks & in_run:
                    raise TaskNotFound(dag.dag_id, name, run_id=run_id, map_index=self.map_index)
        states = self.states()
        # A task that the DAG no longer has can't run again, and a removed map_index has nothing to run.
        can_run = [row for row in rows if row.state != "removed" and dag.has_task(row.task_id)]
        first_rows = can_run if states is None else [row for row in can_run if row.state in states]
        if all(row.state is None for row in first_rows):
            return []
        return [(row.task_id, row.map_index) for row in first_rows]

    def nothing(self, dag_id: str, run_id: str) -> NothingFailed | NothingToRestart:
        """Return the error for a run in which there is nothing to begin with."""
        if self.only_failed:
            return NothingFailed(dag_id, run_id, task_ids=self.task_ids)
        return NothingToRestart(dag_id, run_id, self.task_ids)


WHAT_FAILED = RestartChoice()


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
