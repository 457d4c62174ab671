"""Skips a task of a run, and what Airflow's trigger rules would skip with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.utils.state import State
from sqlalchemy import select

from openmetadata_airflow_apis.errors import TaskNotFound, TaskNotStoppable
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.downstream_states import decide_downstream
from openmetadata_airflow_apis.runs.lookup import TI, find_run, serialized_dag
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.results import SkippedTask
from openmetadata_airflow_apis.runs.run_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.trigger_rules import RunStates

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# What is done or was skipped before stays as it is; everything else can be skipped, failures too.
_KEPT = frozenset({"success", "skipped", "removed"})


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

    map_index: only this one of a mapped task. A running one is stopped. Downstream, only what has not started
    is looked at: what a trigger rule skips is skipped, what it lets run is left to run, and what had been put
    into upstream_failed and is not any more waits again. A failed run in which something changed is queued
    again, so that the scheduler decides about it anew. Skipping what is skipped changes nothing.
    dry_run: change nothing, answer what would be skipped, and what would wait again.
    Raises DagNotFound, DagRunNotFound, TaskNotFound, TaskNotStoppable, Unavailable.
    """

    def decide(*, lock: bool) -> list[RunPlan]:
        return [plan_skip(dag_id, run_id, task_id, map_index=map_index, lock=lock, session=session)]

    (plan,) = carry_out("skip_task_instance", decide, dry_run=dry_run, user=user, session=session)
    skipped = SkippedTask(**plan.outcome(), dry_run=dry_run)
    hold([skipped], session=session)
    return skipped


def plan_skip(
    dag_id: str, run_id: str, task_id: str, *, map_index: int | None = None, lock: bool, session: Session
) -> RunPlan:
    """Return the plan of a skip; raise what skip_task_instance raises. lock: hold the run, and the task in it."""
    run = find_run(dag_id, run_id, session=session, lock=lock)
    dag, _ = serialized_dag(dag_id, session=session)
    condition = rows.of_run(dag_id, run_id) & (TI.c.task_id == task_id)
    if map_index is not None:
        condition &= TI.c.map_index == map_index
    asked_for = rows.find(condition, session=session, lock=lock)
    if not asked_for or not dag.has_task(task_id):
        raise TaskNotFound(dag_id, task_id, run_id=run_id, map_index=map_index)
    if all(row.state in {"success", "removed"} for row in asked_for):
        raise TaskNotStoppable(
            f"The task `{task_id}` has ended in the DagRun `{run_id}` of the DAG `{dag_id}` "
            f"(state {asked_for[0].state}) and cannot be skipped any more"
        )
    skipped = [row for row in asked_for if row.state not in _KEPT]
    states = RunStates(
        dag,
        session.execute(select(TI.c.task_id, TI.c.map_index, TI.c.state).where(rows.of_run(dag_id, run_id))),
    )
    for row in skipped:
        states.put(task_id, row.map_index, "skipped")
    touched = (*(rows.touched(row, "skipped") for row in skipped), *decide_downstream(dag, [task_id], states))
    marked = tuple(sorted(touched, key=lambda task_instance: (task_instance.task_id, task_instance.map_index)))
    number = sum(task_instance.state_after == "skipped" for task_instance in marked)
    waiting_again = len(marked) - number
    decided_anew = bool(marked) and (
        run.state == "failed" or (waiting_again > 0 and run.state in State.finished_dr_states)
    )
    return RunPlan(
        run=run,
        state="queued" if decided_anew else run.state,
        marked=marked,
        traces=Traces(
            note=f"skipped task {task_id} ({number} task instance(s), downstream included)",
            details={"skipped": number, "waiting_again": waiting_again},
            task_id=task_id,
            map_index=map_index,
        ),
    )
