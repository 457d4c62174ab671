"""Clears what failed in a run, with everything downstream, and sets the run going again."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.utils.state import State
from sqlalchemy import or_, select

from openmetadata_airflow_apis.errors import NothingFailed, TaskIsStopping
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.clearing import FROM_TASK, plan_clearing
from openmetadata_airflow_apis.runs.lookup import TI, find_run, serialized_dag
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.process_watch import await_ended, process_alive
from openmetadata_airflow_apis.runs.results import RestartedRun, TouchedTaskInstance
from openmetadata_airflow_apis.runs.run_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.task_dependencies import with_downstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.task_dependencies import Indexes

# How long a restart waits for the processes of the tries before: a few of Airflow's heartbeats (5 s), and on_kill.
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class RestartPlan(RunPlan):
    """What a restart is about to clear.

    failed_task_count: how many of the cleared are failed. still_ending: those whose last process has not ended.
    """

    failed_task_count: int = 0
    still_ending: tuple[TouchedTaskInstance, ...] = ()

    def restarted(self, *, dry_run: bool) -> RestartedRun:
        """Return the answer of the restart."""
        return RestartedRun(**self.outcome(), dry_run=dry_run, failed_task_count=self.failed_task_count)


class _StillEnding(Exception):
    """Processes of the tries before are there, which would write into the new ones."""

    def __init__(self, task_instances: tuple[TouchedTaskInstance, ...]) -> None:
        self.task_instances = task_instances
        super().__init__(task_instances)


def restart_failed(
    dag_id: str,
    run_id: str,
    *,
    dry_run: bool = False,
    waiting: Callable[[float], AbstractContextManager[float]] = nullcontext,
    user: str,
    session: Session,
) -> RestartedRun:
    """Clear a run's failed task instances and everything downstream of them, as Airflow clears, and commit it.

    A finished run is queued again. Those that are running are stopped and tried again (state restarting).
    The process of one that was killed just before may still be there for some seconds: this waits for its end,
    holding no lock, for at most PATIENCE_SECONDS. waiting: entered for that with the seconds that this would like to
    wait, it gives how many it may. dry_run: change nothing, wait for nothing, answer what would be cleared.
    Raises DagNotFound, DagRunNotFound, NothingFailed, TaskIsStopping, Unavailable.
    """
    plan = _carry_out_in_time(dag_id, run_id, dry_run=dry_run, waiting=waiting, user=user, session=session)
    restarted = plan.restarted(dry_run=dry_run)
    hold(restarted, session=session)
    return restarted


def _carry_out_in_time(
    dag_id: str,
    run_id: str,
    *,
    dry_run: bool,
    waiting: Callable[[float], AbstractContextManager[float]],
    user: str,
    session: Session,
) -> RestartPlan:
    """Restart as soon as the processes of the tries before have ended; raise TaskIsStopping where they don't."""

    def decide(*, lock: bool) -> RestartPlan:
        plan = plan_restart(dag_id, run_id, lock=lock, session=session)
        if lock and plan.still_ending:
            raise _StillEnding(plan.still_ending)
        return plan

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return carry_out("restart_failed_task", decide, dry_run=dry_run, user=user, session=session)
        except _StillEnding as still:
            with waiting(max(deadline - time.monotonic(), 0)) as seconds:
                left = await_ended(still.task_instances, seconds, session=session)
        if left:
            raise TaskIsStopping(
                dag_id,
                run_id,
                left[0].task_id,
                map_index=left[0].map_index,
                hostname=left[0].hostname,
                pid=left[0].pid,
                others=len(left) - 1,
            )


def plan_restart(dag_id: str, run_id: str, *, lock: bool, session: Session) -> RestartPlan:
    """Return the plan of a restart. lock: hold the run and what is to be cleared, which a dry run does not."""
    run = find_run(dag_id, run_id, session=session, lock=lock)
    dag, _ = serialized_dag(dag_id, session=session)
    failed = session.execute(
        select(TI.c.task_id, TI.c.map_index).where(rows.of_run(dag_id, run_id), TI.c.state == "failed")
    ).all()
    # A task that the DAG has lost meanwhile cannot be run again.
    start = [(row.task_id, row.map_index) for row in failed if dag.has_task(row.task_id)]
    if not start:
        raise NothingFailed(dag_id, run_id)
    to_clear = rows.find(
        rows.of_run(dag_id, run_id)
        & _of_tasks(with_downstream(dag, start))
        & or_(TI.c.state.is_(None), TI.c.state != "removed"),
        session=session,
        lock=lock,
        further_columns=[TI.c.try_number, *FROM_TASK, process_alive(TI.c.job_id)],
    )
    failed_task_count = sum(row.state == "failed" for row in to_clear)
    return RestartPlan(
        run=run,
        state="queued" if run.state in State.finished_dr_states else run.state,
        cleared=plan_clearing(to_clear, dag, run_id),
        traces=Traces(
            note=f"restarted {failed_task_count} failed task instance(s), {len(to_clear)} cleared in all",
            details={"failed": failed_task_count, "cleared": len(to_clear)},
        ),
        failed_task_count=failed_task_count,
        still_ending=_still_ending(to_clear),
    )


def _of_tasks(tasks: dict[str, Indexes]) -> ColumnElement:
    whole = sorted(task_id for task_id, indexes in tasks.items() if indexes is None)
    single = [(task_id, index) for task_id, indexes in tasks.items() for index in indexes or ()]
    return or_(TI.c.task_id.in_(whole), rows.among(single))


def _still_ending(to_clear: Iterable[Row]) -> tuple[TouchedTaskInstance, ...]:
    """Return those whose process of the try before is still there.

    When such a process is told to end, it looks at the state of the task instance. A finished state it leaves
    alone; but a cleared one it takes for its own, and fails the new try. A running task instance is no such
    case: it is not cleared but told to restart.
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
