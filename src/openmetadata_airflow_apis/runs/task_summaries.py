"""Sums up how tasks went: all instances of a mapped one taken together, and each task in several runs, as in a grid."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.utils import timezone
from sqlalchemy import and_, func, select

from openmetadata_airflow_apis.list_filters_and_order import total_of
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_dag
from openmetadata_airflow_apis.runs.results import TaskInstanceDetail
from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.task_instance_rows import TI

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_OF_RUN = (
    RUN.c.run_id,
    RUN.c.state,
    RUN.c.run_type,
    RUN.c.execution_date,
    RUN.c.queued_at,
    RUN.c.start_date,
    RUN.c.end_date,
)
# The order in which Airflow's grid lets one state speak for a mapped task (airflow.www.utils.priority).
GRID_PRIORITY = (
    "failed",
    "upstream_failed",
    "up_for_retry",
    "up_for_reschedule",
    "queued",
    "scheduled",
    "deferred",
    "running",
    "restarting",
    None,
    "success",
    "skipped",
    "removed",
)


@dataclass(frozen=True)
class TaskSummary:
    """A task of a run, the instances of a mapped one taken together.

    state: the one that Airflow's grid shows for all of them. task_instance_counts: by state, `no_status` for none.
    try_number: the largest. queued_when, start_date: the first; end_date: the last of those that have ended.
    """

    task_id: str
    state: str | None
    task_instance_counts: dict[str, int]
    try_number: int | None
    queued_when: datetime | None
    start_date: datetime | None
    end_date: datetime | None


@dataclass(frozen=True)
class SummarizedRun:
    """A DagRun with its tasks, by task_id."""

    run_id: str
    state: str | None
    run_type: str
    logical_date: datetime
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    tasks: tuple[TaskSummary, ...]


def list_task_summaries(
    dag_id: str, *, limit: int = 25, offset: int = 0, run_ids: Collection[str] | None = None, session: Session
) -> tuple[list[SummarizedRun], int, datetime]:
    """Return a page of the DAG's runs, the newest first, the number of all, and the time of reading.

    run_ids: these runs alone; one that is not there is left out. At most four statements. Raises DagNotFound.
    """
    find_dag(dag_id, session=session)
    as_of = timezone.utcnow()
    listed = RUN.c.dag_id == dag_id
    if run_ids is not None:
        listed = and_(listed, RUN.c.run_id.in_(sorted(set(run_ids))))
    query = select(*_OF_RUN).where(listed).order_by(RUN.c.id.desc()).limit(limit).offset(offset)
    rows = session.execute(query).all()
    counting = select(func.count()).select_from(RUN).where(listed)
    total = total_of(rows, counting, limit=limit, offset=offset, session=session)
    tasks = _tasks_of(dag_id, [row.run_id for row in rows], session=session)
    page = [
        SummarizedRun(
            run_id=row.run_id,
            state=row.state,
            run_type=row.run_type,
            logical_date=row.execution_date,
            queued_at=row.queued_at,
            start_date=row.start_date,
            end_date=row.end_date,
            tasks=tuple(tasks.get(row.run_id, ())),
        )
        for row in rows
    ]
    return page, total, as_of


def _tasks_of(dag_id: str, run_ids: Sequence[str], *, session: Session) -> dict[str, list[TaskSummary]]:
    """Return the tasks of each run, by task_id; one statement, which counts in the database."""
    by_state = session.execute(
        select(
            TI.c.run_id,
            TI.c.task_id,
            TI.c.state,
            func.count().label("number"),
            func.max(TI.c.try_number).label("try_number"),
            func.min(TI.c.queued_dttm).label("queued_when"),
            func.min(TI.c.start_date).label("start_date"),
            func.max(TI.c.end_date).label("end_date"),
        )
        .where(TI.c.dag_id == dag_id, TI.c.run_id.in_(run_ids))
        .group_by(TI.c.run_id, TI.c.task_id, TI.c.state)
    )
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in by_state:
        rows[row.run_id, row.task_id].append(row)
    tasks: dict[str, list[TaskSummary]] = defaultdict(list)
    for run_id, task_id in sorted(rows):
        tasks[run_id].append(_summary(task_id, rows[run_id, task_id]))
    return tasks


def _summary(task_id: str, rows: Sequence[Row]) -> TaskSummary:
    """Return a task's summary. rows: one for each state that its instances are in."""
    return TaskSummary(
        task_id=task_id,
        **taken_together(rows),
        task_instance_counts={
            row.state or "no_status": row.number for row in sorted(rows, key=lambda row: str(row.state))
        },
        queued_when=min((row.queued_when for row in rows if row.queued_when), default=None),
    )


def taken_together(by_state: Sequence[Row]) -> dict[str, Any]:
    """Return state, dates and try of a task's instances taken together.

    by_state: a row for each of their states, with the number of those in it.
    """
    return {
        "state": _grid_state(by_state),
        "start_date": min((row.start_date for row in by_state if row.start_date), default=None),
        "end_date": max((row.end_date for row in by_state if row.end_date), default=None),
        "try_number": max((row.try_number for row in by_state if row.try_number is not None), default=None),
    }


def _grid_state(by_state: Sequence[Row]) -> str | None:
    """Return the state that Airflow's grid shows: of several instances, one with a priority there, if any has one."""
    if sum(row.number for row in by_state) == 1:
        return by_state[0].state
    # Not every state has one: `shutdown` of Airflow < 3, and `sensing` of rows that Airflow < 2.4 wrote, have none.
    states = {row.state for row in by_state}
    return next((state for state in GRID_PRIORITY if state in states), None)


def of_several(by_state: Sequence[Row], common: dict[str, Any]) -> TaskInstanceDetail:
    """Return the detail of several instances of a mapped task taken together; what differs between them is None.

    by_state: as for taken_together, with max_tries. common: the fields that name the task.
    """
    together = taken_together(by_state)
    start_date, end_date = together["start_date"], together["end_date"]
    return TaskInstanceDetail(
        **common,
        **together,
        map_index=None,
        count=sum(row.number for row in by_state),
        duration=(end_date - start_date).total_seconds() if start_date and end_date else None,
        max_tries=max((row.max_tries for row in by_state if row.max_tries is not None), default=None),
    )
