"""Fails what is unfinished in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import NothingRunning
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.lookup import TI, find_run
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.results import KilledRun
from openmetadata_airflow_apis.runs.run_plan import RunPlan, Traces, carry_out

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


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
    """Fail every unfinished task instance of a run and the run, or those of one task alone, and commit it.

    task_id: only this task's, the run goes on; map_index: only this one of them. The worker of a running one
    sees the new state within its heartbeat and ends the process; `await_stopped` waits for that. If a task has
    only just started, this first waits, a second or two, until its process can no longer overwrite the kill.
    dry_run: change nothing, wait for nothing, answer what would be failed.
    Raises DagNotFound, DagRunNotFound, NothingRunning, Unavailable.
    """

    def decide(*, lock: bool) -> RunPlan:
        return plan_kill(dag_id, run_id, task_id=task_id, map_index=map_index, lock=lock, session=session)

    plan = carry_out("kill_running_tasks", decide, dry_run=dry_run, user=user, session=session)
    killed = KilledRun(**plan.outcome(), dry_run=dry_run)
    hold(killed, session=session)
    return killed


def plan_kill(
    dag_id: str, run_id: str, *, task_id: str | None = None, map_index: int | None = None, lock: bool, session: Session
) -> RunPlan:
    """Return the plan of a kill; raise what kill_running raises. lock: hold the run and what is unfinished in it."""
    run = find_run(dag_id, run_id, session=session, lock=lock)
    condition = rows.of_run(dag_id, run_id) & rows.unfinished()
    if task_id is not None:
        condition &= TI.c.task_id == task_id
        if map_index is not None:
            condition &= TI.c.map_index == map_index
    unfinished = rows.find(condition, session=session, lock=lock)
    if not unfinished:
        raise NothingRunning(dag_id, run_id, task_id)
    what = "the run" if task_id is None else f"task {task_id}"
    return RunPlan(
        run=run,
        state="failed" if task_id is None else run.state,
        marked=tuple(rows.touched(row, "failed") for row in unfinished),
        traces=Traces(
            note=f"killed {what} ({len(unfinished)} task instance(s) failed)",
            details={"task_instances": len(unfinished)},
            task_id=task_id,
            map_index=map_index,
        ),
    )
