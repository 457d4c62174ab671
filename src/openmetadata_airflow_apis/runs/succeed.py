"""Marks a task of a run as successful, so that the tasks downstream go on as if it were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.conflicts import TaskNotStoppable
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.results import SucceededTask
from openmetadata_airflow_apis.runs.run_plan import RunPlan, Traces, carry_out
from openmetadata_airflow_apis.runs.skip_or_succeed import MarkedTask, number_of, plan_marking
from openmetadata_airflow_apis.runs.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

# What has succeeded stays as it is; a removed map_index has nothing to succeed.
_KEPT = frozenset({"success", "removed"})


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

    def decide(*, lock: bool) -> list[RunPlan]:
        return [plan_success(task, lock=lock, session=session)]

    (plan,) = carry_out("succeed_task_instance", decide, dry_run=dry_run, user=user, session=session)
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

    return plan_marking(task, "success", kept=_KEPT, check=check, traces=traces, lock=lock, session=session)
