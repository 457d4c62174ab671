"""Reads one task instance, or a mapped task's instances taken together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from openmetadata_airflow_apis.errors import TaskNotFound
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run
from openmetadata_airflow_apis.runs.results import TaskInstanceDetail
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.task_summaries import of_several

if TYPE_CHECKING:
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

OF_ONE = (
    TI.c.map_index,
    TI.c.state,
    TI.c.start_date,
    TI.c.end_date,
    TI.c.duration,
    TI.c.try_number,
    TI.c.max_tries,
    TI.c.hostname,
    TI.c.pid,
    TI.c.operator,
    TI.c.pool,
    TI.c.queue,
    TI.c.queued_dttm,
)


def task_instance_detail(
    dag_id: str, run_id: str, task_id: str, *, map_index: int | None = None, session: Session
) -> TaskInstanceDetail:
    """Return one task instance, or a mapped task's instances taken together if map_index is None.

    Raises DagNotFound, DagRunNotFound, TaskNotFound.
    """
    run = find_run(dag_id, run_id, session=session)
    of_task = (TI.c.dag_id == dag_id) & (TI.c.run_id == run_id) & (TI.c.task_id == task_id)
    if map_index is not None:
        of_task &= TI.c.map_index == map_index
    by_state = session.execute(
        select(
            TI.c.state,
            func.count().label("number"),
            func.min(TI.c.map_index).label("map_index"),
            func.min(TI.c.start_date).label("start_date"),
            func.max(TI.c.end_date).label("end_date"),
            func.max(TI.c.try_number).label("try_number"),
            func.max(TI.c.max_tries).label("max_tries"),
        )
        .where(of_task)
        .group_by(TI.c.state)
    ).all()
    count = sum(row.number for row in by_state)
    if not count:
        raise TaskNotFound(dag_id, task_id, run_id=run_id, map_index=map_index)
    common = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "logical_date": run.execution_date}
    if count == 1:
        return of_one(session.execute(select(*OF_ONE).where(of_task)).one(), common)
    return of_several(by_state, common)


def of_one(row: Row, common: dict[str, Any]) -> TaskInstanceDetail:
    """Return one task instance's detail. row: its columns OF_ONE. common: the fields that name it."""
    return TaskInstanceDetail(
        **common,
        map_index=row.map_index,
        count=1,
        state=row.state,
        start_date=row.start_date,
        end_date=row.end_date,
        duration=row.duration,
        try_number=row.try_number,
        max_tries=row.max_tries,
        hostname=row.hostname or None,
        pid=row.pid,
        operator=row.operator,
        pool=row.pool,
        queue=row.queue,
        queued_when=row.queued_dttm,
    )
