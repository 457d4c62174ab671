"""Fails what is unfinished in runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.conflict_errors import NothingRunning
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.chosen_runs import find_chosen, untouched
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run
from openmetadata_airflow_apis.runs.processes_after_stop import hold
from openmetadata_airflow_apis.runs.results import KilledRun, KilledRuns, touched
from openmetadata_airflow_apis.runs.run_change_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.chosen_runs import ChosenRuns


def kill_running(
    dag_id: str,
    run_id: str,
    *,
    task_id: str | None = None,
    map_index: int | None = None,
    dry_run: bool = False,
    user: str,
    session: Session,
) -> KilledRun:
    """Fail a run and all its unfinished task instances, or only those of one task, and commit it.

    task_id: fail only this task's, and the run goes on; map_index: only this one of them. The worker of a running one
    sees the new state within its heartbeat and ends the process; `await_stopped` waits for that. If a task has
    only just started, this first waits, a second or two, until its process can no longer overwrite the kill.
    dry_run: change nothing, wait for nothing, return what would be failed.
    Raises DagNotFound, DagRunNotFound, NothingRunning, Unavailable.
    """

    def decide(*, lock: bool) -> list[RunPlan]:
        run = find_run(dag_id, run_id, lock=lock, session=session)
        plans = plan_kills([run], task_id=task_id, map_index=map_index, lock=lock, session=session)
        if not plans[0].task_instances:
            raise NothingRunning(dag_id, run_id, task_id=task_id, map_index=map_index)
        return plans

    (plan,) = carry_out("kill_running_tasks", decide, dry_run=dry_run, user=user, session=session)
    killed = KilledRun(**plan.outcome(), dry_run=dry_run)
    hold([killed], session=session)
    return killed


def kill_dag_runs(chosen: ChosenRuns, *, dry_run: bool = False, user: str, session: Session) -> KilledRuns:
    """Fail every unfinished task instance of the chosen runs, and these runs, in one transaction; commit it.

    Otherwise this works as kill_running does. The number of statements does not grow with the number of runs. A run
    in which nothing is unfinished is left as it is.
    Raises DagNotFound, DagRunNotFound, TooManyRuns, Unavailable, and NothingRunning if nothing is unfinished in any.
    """

    def decide(*, lock: bool) -> list[RunPlan]:
        plans = plan_kills(find_chosen(chosen, lock=lock, session=session), lock=lock, session=session)
        if not any(plan.task_instances for plan in plans):
            raise NothingRunning(chosen.dag_id, *(plan.run.run_id for plan in plans))
        return plans

    plans = carry_out("kill_dag_runs", decide, dry_run=dry_run, user=user, session=session)
    killed = killed_runs(plans, dry_run=dry_run)
    hold(killed.dag_runs, session=session)
    return killed


def killed_runs(plans: Sequence[RunPlan], *, dry_run: bool) -> KilledRuns:
    """Return the answer of a kill of many runs, made from their plans."""
    killed = tuple(KilledRun(**plan.outcome(), dry_run=dry_run) for plan in plans if plan.task_instances)
    return KilledRuns(plans[0].run.dag_id, killed, untouched(plans), dry_run)


def plan_kills(
    runs: Sequence[Row], *, task_id: str | None = None, map_index: int | None = None, lock: bool, session: Session
) -> list[RunPlan]:
    """Return the plan of a kill for each of these runs, which are rows of `find_run` or `find_chosen`.

    lock: lock the unfinished task instances; the runs are locked already. task_id, map_index: as for kill_running.
    """
    condition = rows.of_whole_runs(runs) & rows.unfinished()
    if task_id is not None:
        condition &= TI.c.task_id == task_id
        if map_index is not None:
            condition &= TI.c.map_index == map_index
    unfinished = rows.by_run(rows.find(condition, session=session, lock=lock))
    return [_plan_kill(run, unfinished[run.run_id], task_id=task_id, map_index=map_index) for run in runs]


def _plan_kill(run: Row, unfinished: Sequence[Row], *, task_id: str | None, map_index: int | None) -> RunPlan:
    target = "the run" if task_id is None else f"task {task_id}"
    return RunPlan(
        run=run,
        state="failed" if unfinished and task_id is None else run.state,
        marked=tuple(touched(row, "failed") for row in unfinished),
        traces=Traces(
            note=f"killed {target} ({counted(len(unfinished), 'task instance')} failed)",
            details={"task_instances": len(unfinished)},
            task_id=task_id,
            map_index=map_index,
        ),
    )
