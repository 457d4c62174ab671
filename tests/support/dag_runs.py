"""Puts DAGs and runs into Airflow's database as the DAG processor and the scheduler would leave them."""

from __future__ import annotations

import json
import uuid
import warnings
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

if TYPE_CHECKING:
    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def new_dag(dag_id: str, **arguments: Any) -> DAG:
    """Return an empty DAG without a schedule."""
    from airflow.models.dag import DAG

    return DAG(dag_id, start_date=START, schedule=None, **arguments)


def store(dag: DAG, session: Session) -> None:
    """Write dag into the tables dag and serialized_dag, unpaused, in place of any of that name and its runs."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel

    for model in (DagRun, SerializedDagModel, DagModel):
        session.execute(delete(model).where(model.dag_id == dag.dag_id))
    session.commit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dag.sync_to_db(session=session)
        SerializedDagModel.write_dag(dag, session=session)
    session.execute(update(DagModel).where(DagModel.dag_id == dag.dag_id).values(is_paused=False))
    session.commit()


def new_run(
    dag: DAG,
    session: Session,
    states: dict[Any, str | None] | None = None,
    *,
    run_id: str = "manual__1",
    run_state: str = "running",
    tries: int = 1,
    **columns: Any,
) -> None:
    """Create a run of a stored dag in run_state with the given states of its task instances.

    states: by task_id, or by (task_id, map_index); what is not named stays without one. Task instances that
    have a state get try_number tries, dates and what is in columns.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.types import DagRunType

    taken = session.scalar(
        select(DagRun).where(DagRun.dag_id == dag.dag_id).order_by(DagRun.execution_date.desc()).limit(1)
    )
    logical_date = START + timedelta(days=1) if taken is None else taken.execution_date + timedelta(hours=1)
    serialized = SerializedDagModel.get(dag.dag_id, session=session).dag
    run = serialized.create_dagrun(
        run_type=DagRunType.MANUAL,
        run_id=run_id,
        execution_date=logical_date,
        data_interval=(logical_date, logical_date),
        state="queued",
        external_trigger=True,
        session=session,
    )
    run.state = "running"
    run.start_date = run.start_date or datetime.now(timezone.utc)  # as the scheduler does with Airflow < 2.8
    if run_state != "running":
        run.state = run_state
    session.flush()
    table = TaskInstance.__table__
    for key, state in (states or {}).items():
        task_id, map_index = key if isinstance(key, tuple) else (key, None)
        these = (table.c.dag_id == dag.dag_id) & (table.c.run_id == run_id) & (table.c.task_id == task_id)
        if map_index is not None:
            these &= table.c.map_index == map_index
        values: dict[str, Any] = {"state": state}
        if state is not None:
            values |= {"try_number": tries, "start_date": logical_date, **columns}
        if state in {"success", "failed", "skipped", "upstream_failed", "up_for_retry", "up_for_reschedule"}:
            values |= {"end_date": logical_date + timedelta(seconds=30), "duration": 30.0}
        session.execute(update(table).where(these).values(**values))
    session.commit()


def new_job(session: Session) -> int:
    """Store the job of a task whose process runs, with a heartbeat of now; return its id."""
    from airflow.jobs.job import Job

    job = Job(state="running", job_type="LocalTaskJob")
    session.add(job)
    session.commit()
    return job.id


def put_states(
    dag_id: str, new_states: dict[Any, str | None], session: Session, run_id: str = "manual__1", **columns: Any
) -> None:
    """Change states of task instances, by task_id, or (task_id, map_index) for mapped ones, and these columns alone."""
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    for key, state in new_states.items():
        task_id, map_index = key if isinstance(key, tuple) else (key, -1)
        session.execute(
            update(table)
            .where(table.c.dag_id == dag_id, table.c.run_id == run_id)
            .where(table.c.task_id == task_id, table.c.map_index == map_index)
            .values(state=state, **columns)
        )
    session.commit()


def states(dag_id: str, session: Session, run_id: str = "manual__1") -> dict[Any, str | None]:
    """Return the states of a run's task instances, by task_id, or (task_id, map_index) for mapped ones."""
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    rows = session.execute(
        select(table.c.task_id, table.c.map_index, table.c.state)
        .where(table.c.dag_id == dag_id, table.c.run_id == run_id)
        .order_by(table.c.task_id, table.c.map_index)
    ).all()
    session.rollback()
    return {(task_id if map_index < 0 else (task_id, map_index)): state for task_id, map_index, state in rows}


def run_row(dag_id: str, session: Session, run_id: str = "manual__1") -> Any:
    """Return a run's row as it is in the database."""
    from airflow.models.dagrun import DagRun

    table = DagRun.__table__
    row = session.execute(select(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id)).one()
    session.rollback()
    return row


def task_instance_rows(dag_id: str, session: Session, run_id: str = "manual__1") -> dict[Any, dict[str, Any]]:
    """Return a run's task instances, every column, by (task_id, map_index)."""
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    rows = session.execute(select(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id)).mappings().all()
    session.rollback()
    return {(row["task_id"], row["map_index"]): dict(row) for row in rows}


def logged_details(row: Any) -> dict[str, Any]:
    """Return what a row of the audit log says besides its columns, but for the request's id, which it must have."""
    details = json.loads(row.extra)
    uuid.UUID(details.pop("request"))
    return details
