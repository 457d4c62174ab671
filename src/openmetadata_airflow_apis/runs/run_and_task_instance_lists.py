"""Lists the runs of a DAG and the task instances of a run, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from openmetadata_airflow_apis.list_filters_and_order import conditions, ordering, total_of
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_dag, find_run
from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.run_state import RUNS_WITH_NOTES, run_state
from openmetadata_airflow_apis.runs.task_instance_details import OF_ONE, of_one
from openmetadata_airflow_apis.runs.task_instance_rows import TI, of_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import RunState, TaskInstanceDetail


_RUN_COLUMNS = {
    "run_id": RUN.c.run_id,
    "state": RUN.c.state,
    "run_type": RUN.c.run_type,
    "logical_date": RUN.c.execution_date,
    "queued_at": RUN.c.queued_at,
    "start_date": RUN.c.start_date,
    "end_date": RUN.c.end_date,
}
_TASK_INSTANCE_COLUMNS = {
    "task_id": TI.c.task_id,
    "map_index": TI.c.map_index,
    "state": TI.c.state,
    "pool": TI.c.pool,
    "queue": TI.c.queue,
    "start_date": TI.c.start_date,
    "end_date": TI.c.end_date,
    "duration": TI.c.duration,
    "try_number": TI.c.try_number,
}


def list_dag_runs(
    dag_id: str,
    *,
    limit: int = 100,
    offset: int = 0,
    filters: Mapping[str, Any] | None = None,
    order_by: str | None = None,
    session: Session,
) -> tuple[list[RunState], int]:
    """Return a page of the DAG's runs, the newest first unless order_by says otherwise, and the number of all.

    filters: state and run_type as lists of values; logical_date, start_date and end_date with _gte or _lte. order_by:
    the name of a field, with a minus for descending order. Raises DagNotFound, InvalidArgument.
    """
    find_dag(dag_id, session=session)
    listed = and_(RUN.c.dag_id == dag_id, *conditions(_RUN_COLUMNS, filters or {}))
    order = ordering(_RUN_COLUMNS, order_by) if order_by else ()
    query = RUNS_WITH_NOTES.where(listed).order_by(*order, RUN.c.id.desc())
    rows = session.execute(query.limit(limit).offset(offset)).mappings().all()
    counting = select(func.count()).select_from(RUN).where(listed)
    return [run_state(row) for row in rows], total_of(rows, counting, limit=limit, offset=offset, session=session)


def list_task_instances(
    dag_id: str,
    run_id: str,
    *,
    limit: int = 100,
    offset: int = 0,
    filters: Mapping[str, Any] | None = None,
    order_by: str | None = None,
    session: Session,
) -> tuple[list[TaskInstanceDetail], int]:
    """Return a page of the run's task instances, by task_id and map_index or as order_by says, and the number of all.

    filters: state (`none` for no state), pool, queue and task_id as lists of values; start_date, end_date and
    duration with _gte or _lte. order_by: as for list_dag_runs. Raises DagNotFound, DagRunNotFound, InvalidArgument.
    """
    run = find_run(dag_id, run_id, session=session)
    listed = and_(of_run(dag_id, run_id), *conditions(_TASK_INSTANCE_COLUMNS, filters or {}))
    order = ordering(_TASK_INSTANCE_COLUMNS, order_by) if order_by else ()
    query = select(TI.c.task_id, *OF_ONE).where(listed).order_by(*order, TI.c.task_id, TI.c.map_index)
    rows = session.execute(query.limit(limit).offset(offset)).all()
    counting = select(func.count()).select_from(TI).where(listed)
    total = total_of(rows, counting, limit=limit, offset=offset, session=session)
    common = {"dag_id": dag_id, "run_id": run_id, "logical_date": run.execution_date}
    return [of_one(row, {**common, "task_id": row.task_id}) for row in rows], total
