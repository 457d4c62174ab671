"""Clears what failed in runs, or chosen tasks of one, with everything downstream, and sets the runs going again."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.utils.state import State
from sqlalchemy import false, or_, select

from openmetadata_airflow_apis.conflict_errors import NothingFailed, TaskIsStopping
from openmetadata_airflow_apis.runs import processes_after_stop
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.chosen_runs import find_chosen, untouched
from openmetadata_airflow_apis.runs.clearing import FROM_TASK, plan_clearings
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run, serialized_dag
from openmetadata_airflow_apis.runs.processes_after_stop import await_ended, hold, process_alive
from openmetadata_airflow_apis.runs.restart_choice import WHAT_FAILED, RestartChoice, to_run_again
from openmetadata_airflow_apis.runs.results import RestartedRun, RestartedRuns, TouchedTaskInstance
from openmetadata_airflow_apis.runs.run_change_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.chosen_runs import ChosenRuns
    from openmetadata_airflow_apis.runs.clearing import Clearing
    from openmetadata_airflow_apis.runs.restart_choice import Indexes


@dataclass(frozen=True)
class RestartPlan(RunPlan):
    """What a restart is about to clear.

    failed_task_count: how many of those cleared are failed. still_ending: those whose last process has not ended.
    """

    failed_task_count: int = 0
    still_ending: tuple[TouchedTaskInstance, ...] = ()

    def restarted(self, *, dry_run: bool) -> RestartedRun:
        """Return the answer of the restart."""
        return RestartedRun(**self.outcome(), dry_run=dry_run, failed_task_count=self.failed_task_count)


class _StillEnding(Exception):
    """Processes of earlier tries still run, and would write into the new tries."""

    def __init__(self, plans: Sequence[RestartPlan]) -> None:
        self.plans = plans
        super().__init__(plans)


def restart_failed(
    dag_id: str,
    run_id: str,
    *,
    choice: RestartChoice = WHAT_FAILED,
    dry_run: bool = False,
    waiting: Callable[[float], AbstractContextManager[float]] = nullcontext,
    user: str,
    session: Session,
) -> RestartedRun:
    """Clear a run's failed task instances and everything downstream of them, as Airflow clears, and commit it.

    choice: what to begin with instead of what failed, and whether to leave out what is downstream. A finished run is
    queued again. Running task instances are stopped and tried again (state restarting).
    The process of one that was killed just before may still run for some seconds: this waits for its end without a
    lock, at most STOPPING_PATIENCE_SECONDS. waiting: a context manager that is entered for this wait; it is given how
    many seconds to wait, and yields how many are allowed. dry_run: change nothing, wait for nothing, return what
    would be cleared.
    Raises DagNotFound, DagRunNotFound, TaskNotFound, NothingFailed, NothingToRestart, TaskIsStopping, Unavailable.
    """

    def decide(*, lock: bool) -> list[RestartPlan]:
        run = find_run(dag_id, run_id, lock=lock, session=session)
        plans = plan_restarts(dag_id, [run], choice, lock=lock, session=session)
        if not plans[0].task_instances:
            raise choice.nothing(dag_id, run_id)
        return plans

    (plan,) = _carry_out_in_time(
        "restart_failed_task", decide, dry_run=dry_run, waiting=waiting, user=user, session=session
    )
    restarted = plan.restarted(dry_run=dry_run)
    hold([restarted], session=session)
    return restarted


def restart_dag_runs(
    chosen: ChosenRuns,
    *,
    dry_run: bool = False,
    waiting: Callable[[float], AbstractContextManager[float]] = nullcontext,
    user: str,
    session: Session,
) -> RestartedRuns:
    """Clear the failed task instances of the chosen runs, with everything downstream, in one transaction; commit it.

    Otherwise this works as restart_failed does. The number of statements does not grow with the number of runs. A run
    in which nothing has failed is left as it is.
    Raises DagNotFound, DagRunNotFound, TooManyRuns, TaskIsStopping, Unavailable, and NothingFailed if nothing has
    failed in any.
    """

    def decide(*, lock: bool) -> list[RestartPlan]:
        runs = find_chosen(chosen, lock=lock, session=session)
        plans = plan_restarts(chosen.dag_id, runs, lock=lock, session=session)
        if not any(plan.task_instances for plan in plans):
            raise NothingFailed(chosen.dag_id, *(run.run_id for run in runs))
        return plans

    plans = _carry_out_in_time("restart_dag_runs", decide, dry_run=dry_run, waiting=waiting, user=user, session=session)
    restarted = restarted_runs(plans, dry_run=dry_run)
    hold(restarted.dag_runs, session=session)
    return restarted


def restarted_runs(plans: Sequence[RestartPlan], *, dry_run: bool) -> RestartedRuns:
    """Return the answer of a restart of many runs, made from their plans."""
    restarted = tuple(plan.restarted(dry_run=dry_run) for plan in plans if plan.task_instances)
    return RestartedRuns(plans[0].run.dag_id, restarted, untouched(plans), dry_run)


def _carry_out_in_time(
    operation: str,
    decide: Callable[..., list[RestartPlan]],
    *,
    dry_run: bool,
    waiting: Callable[[float], AbstractContextManager[float]],
    user: str,
    session: Session,
) -> Sequence[RestartPlan]:
    """Restart as soon as the processes of earlier tries have ended; raise TaskIsStopping if they don't."""

    def decide_unless_ending(*, lock: bool) -> list[RestartPlan]:
        plans = decide(lock=lock)
        if lock and any(plan.still_ending for plan in plans):
            raise _StillEnding(plans)
        return plans

    deadline = time.monotonic() + processes_after_stop.STOPPING_PATIENCE_SECONDS
    while True:
        try:
            return carry_out(operation, decide_unless_ending, dry_run=dry_run, user=user, session=session)
        except _StillEnding as error:
            run_of = {ending.job_id: plan.run for plan in error.plans for ending in plan.still_ending}
            ending = [ending for plan in error.plans for ending in plan.still_ending]
            with waiting(max(deadline - time.monotonic(), 0)) as seconds:
                still_running = await_ended(ending, seconds, session=session)
        if still_running:
            run = run_of[still_running[0].job_id]
            raise TaskIsStopping(
                run.dag_id,
                run.run_id,
                still_running[0].task_id,
                map_index=still_running[0].map_index,
                hostname=still_running[0].hostname,
                pid=still_running[0].pid,
                others=len(still_running) - 1,
            )


def plan_restarts(
    dag_id: str, runs: Sequence[Row], choice: RestartChoice = WHAT_FAILED, *, lock: bool, session: Session
) -> list[RestartPlan]:
    """Return the plan of a restart for each of these runs, which are rows of `find_run` or `find_chosen`.

    choice: what to begin with in each of them. lock: lock the task instances to clear; the runs are locked already.
    Raises TaskNotFound.
    """
    dag, _ = serialized_dag(dag_id, session=session)
    chosen = rows.by_run(
        session.execute(
            select(TI.c.run_id, TI.c.task_id, TI.c.map_index, TI.c.state).where(
                rows.of_whole_runs(runs), choice.condition(dag)
            )
        )
    )
    start = {run.run_id: choice.beginning(dag, chosen[run.run_id], run_id=run.run_id) for run in runs}
    to_clear = rows.by_run(
        rows.find(
            _of_starts(dag, start, choice)
            & (TI.c.dag_id == dag_id)
            & or_(TI.c.state.is_(None), TI.c.state != "removed"),
            session=session,
            lock=lock,
            further_columns=[TI.c.try_number, *FROM_TASK, process_alive(TI.c.job_id)],
        )
    )
    clearings = plan_clearings(to_clear, dag)
    return [_plan_restart(run, choice, to_clear[run.run_id], clearings.get(run.run_id)) for run in runs]


def _plan_restart(run: Row, choice: RestartChoice, to_clear: Sequence[Row], clearing: Clearing | None) -> RestartPlan:
    failed_task_count = sum(row.state == "failed" for row in to_clear)
    scope = choice.in_words()
    failed_instances = counted(failed_task_count, "failed task instance")
    return RestartPlan(
        run=run,
        state="queued" if to_clear and run.state in State.finished_dr_states else run.state,
        cleared=clearing,
        traces=Traces(
            note=f"restarted {'' if scope is None else f'{scope}: '}{failed_instances}, {len(to_clear)} cleared in all",
            details={"failed": failed_task_count, "cleared": len(to_clear), **choice.details()},
        ),
        failed_task_count=failed_task_count,
        still_ending=_still_ending(to_clear),
    )


def _of_starts(dag: DAG, start: Mapping[str, Collection[tuple[str, int]]], choice: RestartChoice) -> ColumnElement:
    """Return the condition for the task instances that restarts begin with, and for all that run again with them.

    start: task_ids and map_indexes to begin with, by run_id. Runs that begin with the same ones share one term.
    """
    runs_with: dict[frozenset[tuple[str, int]], list[str]] = defaultdict(list)
    for run_id, of_run in start.items():
        runs_with[frozenset(of_run)].append(run_id)
    terms = (
        TI.c.run_id.in_(sorted(run_ids))
        & _of_tasks(to_run_again(dag, sorted(beginning), include_downstream=choice.include_downstream))
        for beginning, run_ids in runs_with.items()
        if beginning
    )
    return or_(false(), *terms)


def _of_tasks(tasks: dict[str, Indexes]) -> ColumnElement:
    whole = sorted(task_id for task_id, indexes in tasks.items() if indexes is None)
    single = [(task_id, index) for task_id, indexes in tasks.items() for index in indexes or ()]
    return or_(TI.c.task_id.in_(whole), rows.among(single))


def _still_ending(to_clear: Iterable[Row]) -> tuple[TouchedTaskInstance, ...]:
    """Return the task instances whose process of an earlier try still runs.

    When such a process is told to end, it looks at the state of the task instance. It leaves a finished state alone,
    but it takes a cleared task instance for its own, and fails the new try. A running task instance is no such case:
    it is not cleared but told to restart.
    """
    return tuple(
        TouchedTaskInstance(
            task_id=row.task_id,
            map_index=row.map_index,
            state_before=row.state,
            state_after=row.state,
            job_id=row.job_id,
            hostname=row.hostname or None,
            pid=row.pid,
        )
        for row in to_clear
        if row.process_alive and row.state != "running"
    )
