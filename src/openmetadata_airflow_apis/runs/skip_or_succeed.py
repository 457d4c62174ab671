"""Plans to mark a task as skipped or successful, with what that changes in its run: what skip and succeed share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.utils.state import State
from sqlalchemy import select

from openmetadata_airflow_apis.errors import TaskNotFound
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run, serialized_dag
from openmetadata_airflow_apis.runs.downstream_of_skip_or_success import decide_downstream
from openmetadata_airflow_apis.runs.results import touched
from openmetadata_airflow_apis.runs.run_plan import RunPlan, Traces
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.trigger_rules import RunStates

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance


@dataclass(frozen=True)
class MarkedTask:
    """A task of a run that is to be put into a finished state; map_index: only this instance of it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None = None


def plan_marking(
    task: MarkedTask,
    state: str,
    *,
    kept: Collection[str],
    check: Callable[[Sequence[Row]], None],
    traces: Callable[[Sequence[TouchedTaskInstance]], Traces],
    lock: bool,
    session: Session,
) -> RunPlan:
    """Return the plan to put a task's instances into a state, with what the scheduler would decide downstream.

    Downstream, only task instances that have not started change: those that a trigger rule skips are skipped, and
    those in upstream_failed wait again if no failure is upstream any more. A failed run in which something changes is
    queued again.
    kept: states in which an instance stays as it is. check: raises if the task's rows do not allow the marking.
    traces: makes the Traces from what is touched. lock: lock the run, and the task's instances.
    Raises DagNotFound, DagRunNotFound, TaskNotFound.
    """
    run = find_run(task.dag_id, task.run_id, session=session, lock=lock)
    dag, _ = serialized_dag(task.dag_id, session=session)
    of_run = rows.of_run(task.dag_id, task.run_id)
    condition = of_run & (TI.c.task_id == task.task_id)
    if task.map_index is not None:
        condition &= TI.c.map_index == task.map_index
    rows_of_task = rows.find(condition, session=session, lock=lock)
    if not rows_of_task or not dag.has_task(task.task_id):
        raise TaskNotFound(task.dag_id, task.task_id, run_id=task.run_id, map_index=task.map_index)
    check(rows_of_task)
    rows_to_mark = [row for row in rows_of_task if row.state not in kept]
    states = RunStates(dag, session.execute(select(TI.c.task_id, TI.c.map_index, TI.c.state).where(of_run)))
    for row in rows_to_mark:
        states.put(task.task_id, row.map_index, state)
    changed = (*(touched(row, state) for row in rows_to_mark), *decide_downstream(dag, [task.task_id], states))
    marked = tuple(sorted(changed, key=lambda task_instance: (task_instance.task_id, task_instance.map_index)))
    number_waiting_again = number_of(None, marked)
    queued_again = bool(marked) and (
        run.state == "failed" or (number_waiting_again > 0 and run.state in State.finished_dr_states)
    )
    return RunPlan(run=run, state="queued" if queued_again else run.state, marked=marked, traces=traces(marked))


def number_of(state: str | None, marked: Sequence[TouchedTaskInstance]) -> int:
    """Return how many task instances are put into a state; None counts those that wait again."""
    return sum(task_instance.state_after == state for task_instance in marked)
