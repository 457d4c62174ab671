"""Clears what failed in a run, with everything downstream, and sets the run going again."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow.jobs.job import Job
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskreschedule import TaskReschedule
from airflow.settings import task_instance_mutation_hook
from airflow.utils import timezone
from airflow.utils.sqlalchemy import UtcDateTime
from airflow.utils.state import State
from sqlalchemy import and_, bindparam, case, delete, exists, literal, null, or_, select, update

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.airflow_versions import run_history
from openmetadata_airflow_apis.errors import NothingFailed, TaskIsStopping
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.lookup import TI, find_run, queue_again, serialized_dag
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.process_watch import await_ended, process_alive
from openmetadata_airflow_apis.runs.results import RestartedRun, TouchedTaskInstance
from openmetadata_airflow_apis.runs.task_dependencies import Indexes, with_downstream
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

# How long a restart waits for the processes of the tries before: a few of Airflow's heartbeats (5 s), and on_kill.
PATIENCE_SECONDS = 30
_JOB = Job.__table__
_RESCHEDULE = TaskReschedule.__table__
# What a task instance copies from its task, and copies anew when it is cleared, since the DAG may have changed.
_FROM_TASK = [
    name
    for name in ("queue", "pool", "pool_slots", "priority_weight", "operator", "executor", "custom_operator_name")
    if name in TI.c
]


class _StillEnding(Exception):
    """What is to be cleared has processes of the tries before, which would write into the new ones."""

    def __init__(self, task_instances: list[TouchedTaskInstance]) -> None:
        self.task_instances = task_instances
        super().__init__(task_instances)


def restart_failed(dag_id: str, run_id: str, *, dry_run: bool = False, user: str, session: Session) -> RestartedRun:
    """Clear a run's failed task instances and everything downstream of them, as Airflow clears, and commit it.

    A finished run is queued again. Those that are running are stopped and tried again (state restarting).
    What has just been killed may have its process for some seconds more: until it is gone this waits, holding
    no lock, for at most PATIENCE_SECONDS. dry_run: change nothing, wait for nothing, answer what would be cleared.
    Raises DagNotFound, DagRunNotFound, NothingFailed, TaskIsStopping, Unavailable.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            restarted = _restart(dag_id, run_id, dry_run=dry_run, user=user, session=session)
        except _StillEnding as still:
            left = await_ended(still.task_instances, deadline - time.monotonic(), session=session)
            if not left:
                continue
            raise TaskIsStopping(
                dag_id,
                run_id,
                left[0].task_id,
                map_index=left[0].map_index,
                hostname=left[0].hostname,
                pid=left[0].pid,
                others=len(left) - 1,
            ) from None
        if not dry_run:
            hold(restarted, session=session)
            audit.count("restart_failed_task")
        return restarted


def _restart(dag_id: str, run_id: str, *, dry_run: bool, user: str, session: Session) -> RestartedRun:
    """Do it now, in one transaction, or raise _StillEnding and leave everything as it was."""

    def change() -> RestartedRun:
        run = find_run(dag_id, run_id, session=session, lock=not dry_run)
        dag, _ = serialized_dag(dag_id, session=session)
        failed = session.execute(
            select(TI.c.task_id, TI.c.map_index).where(rows.of_run(dag_id, run_id), TI.c.state == "failed")
        ).all()
        # A task that the DAG has lost meanwhile cannot be run again.
        start = [(row.task_id, row.map_index) for row in failed if dag.has_task(row.task_id)]
        if not start:
            raise NothingFailed(dag_id, run_id)
        condition = and_(
            rows.of_run(dag_id, run_id),
            _in(with_downstream(dag, start)),
            or_(TI.c.state.is_(None), TI.c.state != "removed"),
        )
        found = rows.locked(
            condition,
            session=session,
            further_columns=[
                TI.c.try_number,
                *(TI.c[name] for name in _FROM_TASK),
                process_alive(TI.c.job_id),
            ],
        )
        if not dry_run:
            _check_ended(found)
        failed_count = sum(row.state == "failed" for row in found)
        state = "queued" if run.state in State.finished_dr_states else run.state
        if not dry_run:
            _clear(condition, found, dag, run_id, session=session)
            if run.state != state:
                queue_again(run.id, session=session)
            audit.annotate(
                run.id,
                f"restarted {failed_count} failed task instance(s), {len(found)} cleared in all",
                user=user,
                session=session,
            )
            audit.record(
                "restart_failed_task",
                user=user,
                dag_id=dag_id,
                run_id=run_id,
                details={"failed": failed_count, "cleared": len(found)},
                session=session,
            )
        return RestartedRun(
            dag_id=dag_id,
            run_id=run_id,
            logical_date=run.execution_date,
            state=state,
            task_instances=tuple(rows.touched(row, _state_after(row)) for row in found),
            dry_run=dry_run,
            failed_task_count=failed_count,
        )

    return in_one_transaction(change, session=session, dry_run=dry_run)


def _check_ended(found: Iterable[Row]) -> None:
    """Raise _StillEnding where a process of the try before is there.

    Told to end, it looks at the task instance's state. It leaves a finished one alone; one that was cleared
    meanwhile it takes for its own, and fails the new try. A running one is not cleared, but told to restart.
    """
    ending = [
        TouchedTaskInstance(
            task_id=row.task_id,
            map_index=row.map_index,
            state_before=row.state,
            state_after=row.state,
            job_id=row.job_id,
            hostname=row.hostname or None,
            pid=row.pid,
        )
        for row in found
        if row.process_alive and row.state != "running"
    ]
    if ending:
        raise _StillEnding(ending)


def _in(tasks: dict[str, Indexes]) -> ColumnElement:
    whole = sorted(task_id for task_id, indexes in tasks.items() if indexes is None)
    single = [(task_id, index) for task_id, indexes in tasks.items() for index in indexes or ()]
    return or_(TI.c.task_id.in_(whole), rows.among(single))


def _state_after(row: Row) -> str | None:
    if row.state != "running":
        return None
    # As Airflow does: without a job there is nobody who could end the process and try again.
    return "restarting" if row.job_id else "running"


def _clear(condition: ColumnElement, found: Iterable[Row], dag: DAG, run_id: str, *, session: Session) -> None:
    """Do what airflow.models.taskinstance.clear_task_instances does, to all of them at once."""
    now = timezone.utcnow()
    found = list(found)
    history = run_history.task_instance_history()
    is_running = TI.c.state == "running"
    dates: dict[str, Any] = {}
    if history is not None:
        _remember(condition, history, now, session=session)
        dates = {"end_date": _ended(now), "duration": _duration(now, session=session)}
    session.execute(
        delete(_RESCHEDULE).where(
            _RESCHEDULE.c.dag_id == dag.dag_id,
            _RESCHEDULE.c.run_id == run_id,
            exists().where(
                condition,
                TI.c.dag_id == _RESCHEDULE.c.dag_id,
                TI.c.task_id == _RESCHEDULE.c.task_id,
                TI.c.run_id == _RESCHEDULE.c.run_id,
                TI.c.map_index == _RESCHEDULE.c.map_index,
                run_history.given_up_try(TI) <= _RESCHEDULE.c.try_number,
            ),
        ),
        execution_options={"synchronize_session": False},
    )
    jobs = [row.job_id for row in found if row.state == "running" and row.job_id]
    if jobs:
        session.execute(update(_JOB).where(_JOB.c.id.in_(jobs)).values(state="restarting"))
    _copy_from_task([row for row in found if row.state != "running"], dag, run_id, session=session)
    only_when_not_running = {
        "max_tries": TI.c.try_number + _retries({row.task_id for row in found}, dag),
        "external_executor_id": null(),
        **rows.without_deferral(),
    }
    state = case(
        (and_(is_running, TI.c.job_id.is_not(None)), literal("restarting")),
        (is_running, literal("running")),
        else_=null(),
    )
    unless_running = {
        name: case((is_running, TI.c[name]), else_=value) for name, value in only_when_not_running.items()
    }
    session.execute(rows.changing(condition, {**unless_running, **dates, "state": state}))


def _remember(condition: ColumnElement, history: Any, now: datetime, *, session: Session) -> None:
    """Keep the tries that are given up, as TaskInstanceHistory.record_ti does."""
    changed = {
        "state": case((TI.c.state.in_(sorted(rows.FINISHED)), TI.c.state), else_=literal("failed")),
        "end_date": _ended(now),
        "duration": _duration(now, session=session),
    }
    names = [column.name for column in history.columns if column.name != "id"]
    tries = select(*(changed.get(name, TI.c[name]) for name in names)).where(condition)
    session.execute(rows.insert_unless_there(history, names, tries, session=session))


def _ended(now: datetime) -> ColumnElement:
    return case((TI.c.state.in_(sorted(rows.FINISHED)), TI.c.end_date), else_=literal(now, UtcDateTime()))


def _duration(now: datetime, *, session: Session) -> ColumnElement:
    return case(
        (TI.c.state.in_(sorted(rows.FINISHED)), TI.c.duration),
        else_=rows.seconds_between(TI.c.start_date, literal(now, UtcDateTime()), session=session),
    )


def _retries(task_ids: set[str], dag: DAG) -> Any:
    """Return the expression of a task instance's retries; most tasks of a DAG have the same number."""
    retries = {task_id: int(dag.task_dict[task_id].retries or 0) for task_id in task_ids}
    usual = Counter(retries.values()).most_common(1)[0][0]
    others: dict[int, list[str]] = {}
    for task_id, number in sorted(retries.items()):
        if number != usual:
            others.setdefault(number, []).append(task_id)
    if not others:
        return usual
    return case(*((TI.c.task_id.in_(tasks), number) for number, tasks in others.items()), else_=usual)


def _copy_from_task(found: list[Row], dag: DAG, run_id: str, *, session: Session) -> None:
    """Bring what task instances copied from their tasks up to date, where the DAG or a policy has changed it."""
    hook_is_noop = getattr(task_instance_mutation_hook, "is_noop", False)
    fresh: dict[Any, dict[str, Any]] = {}
    changes = []
    configured = []
    for row in found:
        key = row.task_id if hook_is_noop else (row.task_id, row.map_index)
        if key not in fresh:
            made = TaskInstance(dag.task_dict[row.task_id], run_id=run_id, map_index=row.map_index)
            fresh[key] = {name: getattr(made, name) for name in _FROM_TASK}
            if made.executor_config:
                configured.append({"of_task": row.task_id, "executor_config": made.executor_config})
        if any(getattr(row, name) != value for name, value in fresh[key].items()):
            changes.append({"of_task": row.task_id, "of_index": row.map_index, **fresh[key]})
    if changes:
        session.execute(
            update(TI).where(
                rows.of_run(dag.dag_id, run_id),
                TI.c.task_id == bindparam("of_task"),
                TI.c.map_index == bindparam("of_index"),
            ),
            changes,
        )
    if configured:
        # Stored as a pickle, which is not worth reading back in order to compare it.
        session.execute(
            update(TI).where(rows.of_run(dag.dag_id, run_id), TI.c.task_id == bindparam("of_task")),
            configured,
        )
