"""Clears many task instances at once so that they run again, with the effect of Airflow's own clearing."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from airflow.jobs.job import Job
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskreschedule import TaskReschedule
from airflow.settings import task_instance_mutation_hook
from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import and_, bindparam, case, delete, exists, literal, null, select, update

from openmetadata_airflow_apis.airflow_versions import run_history
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.results import touched
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.tries_after_kill_or_clear import all_tries_again

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

_JOB = Job.__table__
_RESCHEDULE = TaskReschedule.__table__
# What a task instance copies from its task, and copies again when it is cleared, since the DAG may have changed.
FROM_TASK = [
    TI.c[name]
    for name in ("queue", "pool", "pool_slots", "priority_weight", "operator", "executor", "custom_operator_name")
    if name in TI.c
]
_NAMES_FROM_TASK = [column.name for column in FROM_TASK]
_values_from_task = attrgetter(*_NAMES_FROM_TASK)


@dataclass(frozen=True)
class Clearing:
    """The task instances of one run that will run again, and what they copy from their tasks' present versions.

    retries: by task_id. outdated: the columns to bring up to date, by task_id and map_index.
    executor_configs: by task_id, of the tasks that have one.
    """

    task_instances: tuple[TouchedTaskInstance, ...]
    retries: Mapping[str, int]
    outdated: Mapping[tuple[str, int], Mapping[str, Any]]
    executor_configs: Mapping[str, Any]


def plan_clearings(to_clear: Mapping[str, Sequence[Row]], dag: DAG) -> dict[str, Clearing]:
    """Return each run's Clearing, by run_id.

    to_clear: the rows of the task instances to clear, by run_id; their columns include FROM_TASK.
    """
    fresh = _FreshTaskInstances(dag)
    return {run_id: _plan_clearing(rows_of_run, dag, fresh) for run_id, rows_of_run in to_clear.items()}


def _plan_clearing(to_clear: Sequence[Row], dag: DAG, fresh: _FreshTaskInstances) -> Clearing:
    outdated: dict[tuple[str, int], Mapping[str, Any]] = {}
    executor_configs: dict[str, Any] = {}
    for row in to_clear:
        if row.state == "running":
            continue  # its process goes on with what it has until it ends
        values, executor_config = fresh.of(row)
        if _values_from_task(row) != values:
            outdated[row.task_id, row.map_index] = dict(zip(_NAMES_FROM_TASK, values))
        if executor_config:
            executor_configs[row.task_id] = executor_config
    return Clearing(
        task_instances=tuple(touched(row, _state_after(row)) for row in to_clear),
        retries={row.task_id: int(dag.task_dict[row.task_id].retries or 0) for row in to_clear},
        outdated=outdated,
        executor_configs=executor_configs,
    )


class _FreshTaskInstances:
    """What task instances would copy from their tasks now; a policy may give each instance values of its own."""

    def __init__(self, dag: DAG) -> None:
        self._dag = dag
        self._alike = getattr(task_instance_mutation_hook, "is_noop", False)
        self._known: dict[Any, tuple[tuple[Any, ...], Any]] = {}

    def of(self, row: Row) -> tuple[tuple[Any, ...], Any]:
        """Return the values of the columns FROM_TASK, and the executor_config, of a row's task instance."""
        key = row.task_id if self._alike else (row.run_id, row.task_id, row.map_index)
        if key not in self._known:
            task = self._dag.task_dict[row.task_id]
            fresh = TaskInstance(task, run_id=row.run_id, map_index=row.map_index)
            self._known[key] = _values_from_task(fresh), fresh.executor_config
        return self._known[key]


def _state_after(row: Row) -> str | None:
    """Return the state that `clear` gives a task instance; its SQL has the same rule for all at once."""
    if row.state != "running":
        return None
    # As Airflow does: without a job nothing could end the process and start the next try.
    return "restarting" if row.job_id else "running"


def clear(clearings: Mapping[tuple[str, str], Clearing], now: datetime, *, session: Session) -> None:
    """Clear all these task instances at once, as airflow.models.taskinstance.clear_task_instances does.

    clearings: by dag_id and run_id, of runs that the transaction has locked.
    """
    if not clearings:
        return
    condition = rows.of_runs(
        {
            run: [(cleared.task_id, cleared.map_index) for cleared in clearing.task_instances]
            for run, clearing in clearings.items()
        }
    )
    history = run_history.task_instance_history()
    dates: dict[str, Any] = {}
    if history is not None:
        _remember(condition, history, now, session=session)
        dates = {"end_date": _ended(now), "duration": _duration(now, session=session)}
    _forget_reschedules(condition, clearings, session=session)
    _restart_jobs(clearings, session=session)
    _copy_from_tasks(clearings, session=session)
    is_running = TI.c.state == "running"
    state = case(
        (and_(is_running, TI.c.job_id.is_not(None)), literal("restarting")),
        (is_running, literal("running")),
        else_=null(),
    )
    only_when_not_running = {
        "max_tries": all_tries_again(
            {
                (dag_id, task_id): number
                for (dag_id, _), clearing in clearings.items()
                for task_id, number in clearing.retries.items()
            }
        ),
        "external_executor_id": null(),
        **rows.without_deferral(),
    }
    unless_running = {
        name: case((is_running, TI.c[name]), else_=value) for name, value in only_when_not_running.items()
    }
    session.execute(rows.changing(condition, {**unless_running, **dates, "state": state}))


def _remember(condition: ColumnElement, history: Any, now: datetime, *, session: Session) -> None:
    """Copy the tries that end here into the history table, as TaskInstanceHistory.record_ti does."""
    history_values = {
        "state": case((TI.c.state.in_(sorted(rows.FINISHED)), TI.c.state), else_=literal("failed")),
        "end_date": _ended(now),
        "duration": _duration(now, session=session),
    }
    names = [column.name for column in history.columns if column.name != "id"]
    tries = select(*(history_values.get(name, TI.c[name]) for name in names)).where(condition)
    session.execute(rows.insert_unless_there(history, names, tries, session=session))


def _ended(now: datetime) -> ColumnElement:
    return case((TI.c.state.in_(sorted(rows.FINISHED)), TI.c.end_date), else_=literal(now, UtcDateTime()))


def _duration(now: datetime, *, session: Session) -> ColumnElement:
    return case(
        (TI.c.state.in_(sorted(rows.FINISHED)), TI.c.duration),
        else_=rows.seconds_between(TI.c.start_date, literal(now, UtcDateTime()), session=session),
    )


def _forget_reschedules(condition: ColumnElement, runs: Iterable[tuple[str, str]], *, session: Session) -> None:
    """Delete the reschedules of the tries that end here; otherwise the next try would inherit their start."""
    runs = list(runs)
    session.execute(
        delete(_RESCHEDULE).where(
            _RESCHEDULE.c.dag_id.in_(sorted({dag_id for dag_id, _ in runs})),
            _RESCHEDULE.c.run_id.in_(sorted({run_id for _, run_id in runs})),
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


def _restart_jobs(clearings: Mapping[tuple[str, str], Clearing], *, session: Session) -> None:
    jobs = [
        cleared.job_id
        for clearing in clearings.values()
        for cleared in clearing.task_instances
        if cleared.state_before == "running" and cleared.job_id
    ]
    if jobs:
        session.execute(update(_JOB).where(_JOB.c.id.in_(jobs)).values(state="restarting"))


def _copy_from_tasks(clearings: Mapping[tuple[str, str], Clearing], *, session: Session) -> None:
    """Update what task instances copied from their tasks, if the DAG or a policy has changed it since."""
    of_task = and_(
        TI.c.dag_id == bindparam("of_dag"), TI.c.run_id == bindparam("of_run"), TI.c.task_id == bindparam("of_task")
    )
    outdated = [
        {"of_dag": dag_id, "of_run": run_id, "of_task": task_id, "of_index": map_index, **columns}
        for (dag_id, run_id), clearing in clearings.items()
        for (task_id, map_index), columns in clearing.outdated.items()
    ]
    if outdated:
        session.execute(update(TI).where(of_task, TI.c.map_index == bindparam("of_index")), outdated)
    configured = [
        {"of_dag": dag_id, "of_run": run_id, "of_task": task_id, "executor_config": executor_config}
        for (dag_id, run_id), clearing in clearings.items()
        for task_id, executor_config in clearing.executor_configs.items()
    ]
    if configured:
        # It is stored as a pickle: writing it costs less than reading it back in order to compare it.
        session.execute(update(TI).where(of_task), configured)
