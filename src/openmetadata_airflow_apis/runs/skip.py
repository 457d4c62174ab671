"""Skips a task of a run, and what Airflow's trigger rules would skip with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils import timezone
from airflow.utils.state import State
from sqlalchemy import and_, select

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import TaskNotFound, TaskNotStoppable
from openmetadata_airflow_apis.runs import rows
from openmetadata_airflow_apis.runs.graph import affected_by
from openmetadata_airflow_apis.runs.holding import hold
from openmetadata_airflow_apis.runs.lookup import TI, find_run, queue_again, serialized_dag
from openmetadata_airflow_apis.runs.transaction import in_one_transaction
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.runs.values import SkippedTask, TouchedTaskInstance

if TYPE_CHECKING:
    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session

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
            *_follow(dag, task_id, states),
        ]
        state = run.state
        if touched:
            _write(dag_id, run_id, touched, session=session)
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


def _follow(dag: DAG, task_id: str, states: RunStates) -> list[TouchedTaskInstance]:
    """Decide about everything downstream that has not started, in passes as the scheduler does."""
    before: dict[tuple[str, int], str | None] = {}
    wave = affected_by(dag, [task_id])
    while wave:
        decisions = [
            (task.task_id, map_index, after)
            for task in wave
            for map_index, state in states.of(task.task_id).items()
            if (after := _decision(states, task, map_index, state)) != state
        ]
        for each, map_index, after in decisions:
            before.setdefault((each, map_index), states.of(each)[map_index])
            states.put(each, map_index, after)
        wave = affected_by(dag, {each for each, _, _ in decisions})
    return [
        TouchedTaskInstance(task_id=each, map_index=map_index, state_before=state, state_after=after)
        for (each, map_index), state in before.items()
        if (after := states.of(each)[map_index]) != state
    ]


def _decision(states: RunStates, task: Any, map_index: int, state: str | None) -> str | None:
    if state not in {None, "upstream_failed"}:
        return state  # it has started, or ended by itself
    decided = states.decided(task, map_index)
    if decided == "skipped":
        return decided
    # A failure upstream that the scheduler has still to carry on is left to it.
    return state if state is None or decided == "upstream_failed" else None


def _write(dag_id: str, run_id: str, touched: list[TouchedTaskInstance], *, session: Session) -> None:
    for state in ("skipped", None):
        keys = [(each.task_id, each.map_index) for each in touched if each.state_after == state]
        if keys:
            values = {"state": None} if state is None else rows.finishing(state, timezone.utcnow(), session=session)
            session.execute(rows.changing(and_(rows.of_run(dag_id, run_id), rows.among(keys)), values))


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
