"""Skips a task of a run, and what Airflow's trigger rules would skip with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.conflicts import TaskNotStoppable
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.results import SkippedTask
from openmetadata_airflow_apis.runs.run_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.skip_or_succeed import MarkedTask, number_of, plan_marking
from openmetadata_airflow_apis.runs.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

# What has succeeded or was skipped before stays as it is; everything else can be skipped, failures too.
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

    map_index: only this one of a mapped task. A running one is stopped. Downstream, only task instances that have not
    started change: those that a trigger rule skips are skipped, those that it lets run are left to run, and those in
    upstream_failed wait again if no failure is upstream any more. A failed run in which something changed is queued
    again, so that the scheduler decides about it anew. Skipping what is skipped changes nothing.
    dry_run: change nothing, return what would be skipped, and what would wait again.
    Raises DagNotFound, DagRunNotFound, TaskNotFound, TaskNotStoppable, Unavailable.
    """

    task = MarkedTask(dag_id, run_id, task_id, map_index)

    def decide(*, lock: bool) -> list[RunPlan]:
        return [plan_skip(task, lock=lock, session=session)]

    (plan,) = carry_out("skip_task_instance", decide, dry_run=dry_run, user=user, session=session)
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

    return plan_marking(task, "skipped", kept=_KEPT, check=check, traces=traces, lock=lock, session=session)
