"""Skips a task of a run, and what Airflow's trigger rules would skip with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.utils.state import State
from sqlalchemy import and_, select

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import TaskNotFound, TaskNotStoppable
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.downstream_states import follow, write
from openmetadata_airflow_apis.runs.lookup import TI, find_run, queue_again, serialized_dag
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.results import SkippedTask
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

# What is done or was skipped before stays as it is; everything else can be skipped, failures too.
_KEPT = frozenset({"success", "skipped", "removed"})


def skip_task_instance(
    dag_id: str,
    run_id: str,
    task_id: str,
    *,
    map_index: int | None = None,
    user: str,
    session: Session,
) -> SkippedTask:
    """Skip a task's instances in a run, with those downstream that Airflow would skip for it, and commit it.

    map_index: only this one of a mapped task. A running one is stopped. Downstream, only what has not started
    is looked at: what a trigger rule skips is skipped, what it lets run is left to run, and what had been put
    into upstream_failed and is not any more waits again. A failed run in which something changed is queued
    again, so that the scheduler decides about it anew. Skipping what is skipped changes nothing.
    Raises DagNotFound, DagRunNotFound, TaskNotFound, TaskNotStoppable, Unavailable.
    """

    def change() -> SkippedTask:
        run = find_run(dag_id, run_id, session=session, lock=True)
        dag, _ = serialized_dag(dag_id, session=session)
        condition = and_(rows.of_run(dag_id, run_id), TI.c.task_id == task_id)
        if map_index is not None:
            condition &= TI.c.map_index == map_index
        asked_for = rows.locked(condition, session=session)
        if not asked_for or not dag.has_task(task_id):
            raise TaskNotFound(dag_id, task_id, run_id=run_id, map_index=map_index)
        if all(row.state in {"success", "removed"} for row in asked_for):
            raise TaskNotStoppable(
                f"The task `{task_id}` has ended in the DagRun `{run_id}` of the DAG `{dag_id}` "
                f"(state {asked_for[0].state}) and cannot be skipped any more"
            )
        targets = [row for row in asked_for if row.state not in _KEPT]
        states = RunStates(
            dag,
            session.execute(select(TI.c.task_id, TI.c.map_index, TI.c.state).where(rows.of_run(dag_id, run_id))),
        )
        for row in targets:
            states.put(task_id, row.map_index, "skipped")
        touched = [
            *(rows.touched(row, "skipped") for row in targets),
            *follow(dag, [task_id], states),
        ]
        state = run.state
        if touched:
            write(dag_id, run_id, touched, session=session)
            revived = any(each.state_after is None for each in touched)
            if run.state == "failed" or (revived and run.state in State.finished_dr_states):
                queue_again(run.id, session=session)
                state = "queued"
            _leave_traces(run.id, dag_id, run_id, task_id, map_index, touched, user=user, session=session)
        return SkippedTask(
            dag_id=dag_id,
            run_id=run_id,
            logical_date=run.execution_date,
            state=state,
            task_instances=tuple(sorted(touched, key=lambda each: (each.task_id, each.map_index))),
        )

    skipped = in_one_transaction(change, session=session)
    hold(skipped, session=session)
    audit.count("skip_task_instance")
    return skipped


def _leave_traces(
    dag_run_pk: int,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int | None,
    touched: list[TouchedTaskInstance],
    *,
    user: str,
    session: Session,
) -> None:
    number = sum(each.state_after == "skipped" for each in touched)
    audit.annotate(
        dag_run_pk,
        f"skipped task {task_id} ({number} task instance(s), downstream included)",
        user=user,
        session=session,
    )
    audit.record(
        "skip_task_instance",
        user=user,
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        details={"skipped": number, "waiting_again": len(touched) - number},
        session=session,
    )
