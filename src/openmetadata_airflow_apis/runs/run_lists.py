"""Lists the runs of a DAG and the task instances of a run, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from openmetadata_airflow_apis.runs.lookup import RUN, TI, find_dag, find_run
from openmetadata_airflow_apis.runs.run_state import OF_ONE, RUNS_WITH_NOTES, of_one, run_state

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import RunState, TaskInstanceDetail


def list_dag_runs(dag_id: str, *, limit: int = 100, offset: int = 0, session: Session) -> tuple[list[RunState], int]:
    """Return a page of the DAG's runs, the one created last first, and how many there are in all.

    Raises DagNotFound.
    """
    find_dag(dag_id, session=session)
    these = RUN.c.dag_id == dag_id
    rows = session.execute(RUNS_WITH_NOTES.where(these).order_by(RUN.c.id.desc()).limit(limit).offset(offset))
    total = session.execute(select(func.count()).select_from(RUN).where(these)).scalar_one()
    return [run_state(row) for row in rows.mappings()], total


def list_task_instances(
    dag_id: str, run_id: str, *, limit: int = 100, offset: int = 0, session: Session
) -> tuple[list[TaskInstanceDetail], int]:
    """Return a page of the run's task instances by task_id and map_index, and how many there are in all.

    Raises DagNotFound, DagRunNotFound.
    """
    run = find_run(dag_id, run_id, session=session)
    these = (TI.c.dag_id == dag_id) & (TI.c.run_id == run_id)
    order = (TI.c.task_id, TI.c.map_index)
    rows = session.execute(select(TI.c.task_id, *OF_ONE).where(these).order_by(*order).limit(limit).offset(offset))
    total = session.execute(select(func.count()).select_from(TI).where(these)).scalar_one()
    common = {"dag_id": dag_id, "run_id": run_id, "logical_date": run.execution_date}
    return [of_one(row, {**common, "task_id": row.task_id}) for row in rows], total
