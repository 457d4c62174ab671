"""What of a run to restart: from which task instances on, and whether with everything downstream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.conflicts import NothingFailed, NothingToRestart
from openmetadata_airflow_apis.errors import InvalidArgument, TaskNotFound
from openmetadata_airflow_apis.runs.chosen_tasks import tasks_by_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row


@dataclass(frozen=True)
class RestartChoice:
    """The task instances that a restart begins with, and how far it goes.

    task_ids: of tasks, or of task groups; None for all. map_index: only this instance of each of them.
    include_downstream: everything downstream is run again as well. only_failed: only what has failed is a
    beginning; otherwise whatever has begun, in a run that succeeded too.
    """

    task_ids: tuple[str, ...] | None = None
    map_index: int | None = None
    include_downstream: bool = True
    only_failed: bool = True

    def __post_init__(self) -> None:
        """Raise InvalidArgument where the choice says nothing."""
        if self.map_index is not None and self.task_ids is None:
            raise InvalidArgument("map_index", "says which instance of a task, and no task_ids say of which; give both")

    def states(self) -> tuple[str, ...] | None:
        """Return the states that a restart begins with; None for any."""
        if not self.only_failed:
            return None
        # What did not run because of a failure comes along as its downstream. Where that is left out, or tasks are
        # chosen, it counts as failed itself, as with Airflow's own only_failed.
        return ("failed",) if self.task_ids is None and self.include_downstream else ("failed", "upstream_failed")

    def tasks(self, dag: DAG) -> list[str] | None:
        """Return the task_ids that are chosen, groups' tasks included; None for all. Raise TaskNotFound."""
        return None if self.task_ids is None else sorted(set().union(*tasks_by_name(dag, self.task_ids).values()))

    def in_words(self) -> str | None:
        """Return what was chosen, for the run's note; None where nothing was."""
        if self == WHAT_FAILED:
            return None
        what = "all tasks" if self.task_ids is None else ", ".join(self.task_ids)
        index = "" if self.map_index is None else f" at map_index {self.map_index}"
        failed = ", where failed" if self.only_failed else ""
        return f"{what}{index}{failed}{'' if self.include_downstream else ', without what is downstream'}"

    def details(self) -> dict[str, Any]:
        """Return what was chosen otherwise than by default, for the audit log."""
        chosen = {
            "task_ids": None if self.task_ids is None else list(self.task_ids),
            "map_index": self.map_index,
            "include_downstream": None if self.include_downstream else False,
            "only_failed": None if self.only_failed else False,
        }
        return {name: value for name, value in chosen.items() if value is not None}

    def beginning(self, dag: DAG, rows: Sequence[Row], *, run_id: str) -> list[tuple[str, int]]:
        """Return the task instances, by task_id and map_index, that a restart of a run begins with; none if all wait.

        rows: of the run's task instances at least those that are chosen, with their states; where no tasks are, those
        in `states`. Raises TaskNotFound.
        """
        if self.task_ids is not None:
            in_run = {row.task_id for row in rows}
            for name, tasks in tasks_by_name(dag, self.task_ids).items():
                if not tasks & in_run:
                    raise TaskNotFound(dag.dag_id, name, run_id=run_id, map_index=self.map_index)
        states = self.states()
        # A task that the DAG has lost meanwhile cannot be run again, and an index that is no more has nothing to run.
        there = [row for row in rows if row.state != "removed" and dag.has_task(row.task_id)]
        begins = there if states is None else [row for row in there if row.state in states]
        if all(row.state is None for row in begins):
            return []
        return [(row.task_id, row.map_index) for row in begins]

    def nothing(self, dag_id: str, run_id: str) -> NothingFailed | NothingToRestart:
        """Return the error for a run in which there is nothing to begin with."""
        if self.only_failed:
            return NothingFailed(dag_id, run_id, task_ids=self.task_ids)
        return NothingToRestart(dag_id, run_id, self.task_ids)


WHAT_FAILED = RestartChoice()
