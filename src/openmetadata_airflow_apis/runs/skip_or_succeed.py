"""Skips a task of a run, or marks it as successful, with what follows of it in the run, which then goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow.utils.state import State
from sqlalchemy import select

from openmetadata_airflow_apis.conflict_errors import TaskNotStoppable
from openmetadata_airflow_apis.errors import TaskNotFound
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run, serialized_dag
from openmetadata_airflow_apis.runs.downstream_of_skip_or_success import decide_downstream
from openmetadata_airflow_apis.runs.processes_after_stop import hold
from openmetadata_airflow_apis.runs.results import SkippedTask, SucceededTask, touched
from openmetadata_airflow_apis.runs.run_change_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.runs.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

# What has succeeded or was skipped before stays as it is; everything else can be skipped, failures too.
_KEPT_BY_SKIP = frozenset({"success", "skipped", "removed"})
# What has succeeded stays as it is; a removed map_index has nothing to succeed.
_KEPT_BY_SUCCESS = frozenset({"success", "removed"})


@dataclass(frozen=True)
class MarkedTask:
    """A task of a run that is to be put into a finished state; map_index: only this instance of it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None = None


def skip_task_instance(
    dag_id: str,
    run_id: str,
    task_id: str,
    *,
    map_index: int | None = None,
    dry_run: bool = False,
    user: str,
    session: Session,
) -> SkippedTask:
    """Skip a task's instances in a run, with those downstream that Airflow would skip for it, and commit it.

    map_index: only this one of a mapped task. A running one is stopped. Downstream, only task instances that have not
    started change: those that a trigger rule skips are skipped, those that it lets run are left to run, and those in
    upstream_failed wait again if no failure is upstream any more. A failed run in which something changed is queued
    again, so that the scheduler decides about it anew. Skipping what is skipped changes nothing.
    dry_run: change nothing, return what would be skipped, and what would wait again.
    Raises DagNotFound, DagRunNotFound, TaskNotFound, TaskNotStoppable, Unavailable.
    """
    task = MarkedTask(dag_id, run_id, task_id, map_index)
    plan = _carry_out("skip_task_instance", plan_skip, task, dry_run=dry_run, user=user, session=session)
    skipped = SkippedTask(**plan.outcome(), dry_run=dry_run)
    hold([skipped], session=session)
    return skipped


def plan_skip(task: MarkedTask, *, lock: bool, session: Session) -> RunPlan:
    """Return the plan of a skip; raise what skip_task_instance raises. lock: lock run and task instances."""

    def check(asked_for: Sequence[Row]) -> None:
        if all(row.state in {"success", "removed"} for row in asked_for):
            raise TaskNotStoppable(
                f"The task `{task.task_id}` has ended in the DagRun `{task.run_id}` of the DAG `{task.dag_id}` "
                f"(state {asked_for[0].state}) and cannot be skipped any more"
            )

    def traces(marked: Sequence[TouchedTaskInstance]) -> Traces:
        number = number_of("skipped", marked)
        return Traces(
            note=f"skipped task {task.task_id} ({counted(number, 'task instance')}, downstream included)",
            details={"skipped": number, "waiting_again": number_of(None, marked)},
            task_id=task.task_id,
            map_index=task.map_index,
        )

    return plan_marking(task, "skipped", kept=_KEPT_BY_SKIP, check=check, traces=traces, lock=lock, session=session)


def succeed_task_instance(
    dag_id: str,
    run_id: str,
    task_id: str,
    *,
    map_index: int | None = None,
    dry_run: bool = False,
    user: str,
    session: Session,
) -> SucceededTask:
    """Mark a task's instances in a run as successful, whatever they were doing, and commit it.

    map_index: only this one of a mapped task. A running one is stopped. Downstream, only task instances that have not
    started change, as for a skip: those in upstream_failed wait again if no failure is upstream any more, and those
    that a trigger rule now skips are skipped. A failed run in which something changed is queued again, so that the
    scheduler decides about it anew. Succeeding what has succeeded changes nothing.
    dry_run: change nothing, return what would be marked, and what would wait again.
    Raises DagNotFound, DagRunNotFound, TaskNotFound, TaskNotStoppable, Unavailable.
    """
    task = MarkedTask(dag_id, run_id, task_id, map_index)
    plan = _carry_out("succeed_task_instance", plan_success, task, dry_run=dry_run, user=user, session=session)
    succeeded = SucceededTask(**plan.outcome(), dry_run=dry_run)
    hold([succeeded], session=session)
    return succeeded


def plan_success(task: MarkedTask, *, lock: bool, session: Session) -> RunPlan:
    """Return the plan of a success; raise what succeed_task_instance raises. lock: lock run and task instances."""

    def check(asked_for: Sequence[Row]) -> None:
        if all(row.state == "removed" for row in asked_for):
            raise TaskNotStoppable(
                f"The task `{task.task_id}` was removed from the DagRun `{task.run_id}` of the DAG `{task.dag_id}` "
                "and cannot be marked as successful"
            )

    def traces(marked: Sequence[TouchedTaskInstance]) -> Traces:
        number = number_of("success", marked)
        return Traces(
            note=f"marked task {task.task_id} as successful ({counted(number, 'task instance')})",
            details={
                "succeeded": number,
                "skipped": number_of("skipped", marked),
                "waiting_again": number_of(None, marked),
            },
            task_id=task.task_id,
            map_index=task.map_index,
        )

    return plan_marking(task, "success", kept=_KEPT_BY_SUCCESS, check=check, traces=traces, lock=lock, session=session)


class _Plan(Protocol):
    """Plans what becomes of a task's instances."""

    def __call__(self, task: MarkedTask, *, lock: bool, session: Session) -> RunPlan: ...


def _carry_out(
    operation: str, plan_task: _Plan, task: MarkedTask, *, dry_run: bool, user: str, session: Session
) -> RunPlan:
    """Plan a change of one task, under the run's lock unless it is a dry run, apply it and commit; return the plan."""

    def decide(*, lock: bool) -> list[RunPlan]:
        return [plan_task(task, lock=lock, session=session)]

    (plan,) = carry_out(operation, decide, dry_run=dry_run, user=user, session=session)
    return plan


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
