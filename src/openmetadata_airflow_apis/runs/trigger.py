"""Triggers a DAG: creates a manual run of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils.types import DagRunType

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import InvalidArgument
from openmetadata_airflow_apis.runs import run_notes
from openmetadata_airflow_apis.runs.new_run import create_run, plan_run, unknown_run
from openmetadata_airflow_apis.runs.results import TouchedTaskInstance, TriggeredRun
from openmetadata_airflow_apis.runs.run_state import run_fields
from openmetadata_airflow_apis.runs.runnable_dag import runnable_dag
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.new_run import NewRun


def trigger_dag(
    dag_id: str,
    *,
    run_id: str | None = None,
    conf: dict[str, Any] | None = None,
    logical_date: datetime | None = None,
    note: str | None = None,
    dry_run: bool = False,
    user: str,
    session: Session,
) -> TriggeredRun:
    """Create a manual run of a DAG and commit it; a paused DAG's run waits in state queued.

    run_id: None to have the DAG's timetable make one. conf: checked against the DAG's params. logical_date: with a
    time zone; None for now. note: at most 1000 characters. dry_run: create nothing, return what would be created.
    Raises DagNotFound, DagHasImportErrors, DagRunExists, InvalidArgument, ScheduleFails, Unavailable.
    """
    if note is not None and len(note) > run_notes.NOTE_LENGTH:
        raise InvalidArgument("note", f"is longer than {run_notes.NOTE_LENGTH} characters")
    receipt = audit.Receipt()

    def decide() -> NewRun:
        runnable = runnable_dag(dag_id, session=session)
        return plan_run(
            runnable, now=receipt.moment, run_id=run_id, conf=conf, logical_date=logical_date, session=session
        )

    def change() -> TriggeredRun:
        new = decide()
        dag_run_pk = create_run(new, session=session)
        if note:
            run_notes.write_note(dag_run_pk, note, session=session)
        else:
            run_notes.annotate(dag_run_pk, "triggered", user=user, session=session)
        audit.record("trigger_dag", user=user, dag_id=dag_id, run_id=new.run_id, receipt=receipt, session=session)
        return TriggeredRun(**run_fields(dag_id, new.run_id, session=session), is_paused=new.of.is_paused)

    if dry_run:
        try:
            return _planned(decide(), note=note or None)
        finally:
            session.rollback()

    triggered = in_one_transaction(
        change,
        session=session,
        was_committed=lambda: receipt.is_stored(session=session),
        unknown=lambda triggered: unknown_run(dag_id, triggered.run_id),
    )
    audit.count("trigger_dag")
    return triggered


def _planned(new: NewRun, *, note: str | None) -> TriggeredRun:
    """Return the answer of a dry run."""
    return TriggeredRun(
        dag_id=new.of.dag.dag_id,
        run_id=new.run_id,
        state=new.state,
        run_type=DagRunType.MANUAL.value,
        external_trigger=True,
        logical_date=new.logical_date,
        queued_at=None,
        start_date=None,
        end_date=None,
        data_interval_start=new.data_interval.start,
        data_interval_end=new.data_interval.end,
        conf=new.conf or {},
        note=note,
        is_paused=new.of.is_paused,
        dry_run=True,
        task_instances=tuple(
            TouchedTaskInstance(task_id, map_index, state_before=None, state_after=None)
            for task_id, map_index in new.task_instances()
        ),
    )
