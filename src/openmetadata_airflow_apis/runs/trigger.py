"""Triggers a DAG: creates a manual run of it from the serialized DAG, after the checks of Airflow's own trigger."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import re2
from airflow.configuration import conf as airflow_conf
from airflow.exceptions import AirflowException, ParamValidationError
from airflow.models.abstractoperator import NotMapped
from airflow.models.dagrun import RUN_ID_REGEX
from airflow.models.expandinput import NotFullyPopulated
from airflow.utils import timezone
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.conflict_errors import DagRunExists, ScheduleFails
from openmetadata_airflow_apis.errors import DagNotFound, InvalidArgument
from openmetadata_airflow_apis.mysql_values import refuse_ids, refuse_large, refuse_moments
from openmetadata_airflow_apis.runs import run_notes
from openmetadata_airflow_apis.runs.dag_import_errors import refuse_import_errors
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_dag, serialized_dag
from openmetadata_airflow_apis.runs.results import TouchedTaskInstance, TriggeredRun
from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.run_state import run_fields
from openmetadata_airflow_apis.stores.loader_files import is_loader
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow.models.dag import DAG
    from airflow.timetables.base import DataInterval
    from sqlalchemy.orm import Session

_RUN_ID_LENGTH = 250


@dataclass(frozen=True)
class RunnableDag:
    """A DAG that may be run, as the serialized_dag table has it."""

    dag: DAG
    dag_hash: str
    is_paused: bool


@dataclass(frozen=True)
class NewRun:
    """A run that is about to be created, in state queued."""

    of: RunnableDag
    run_id: str
    logical_date: datetime
    data_interval: DataInterval
    conf: dict[str, Any] | None
    state: str = DagRunState.QUEUED.value

    def task_instances(self) -> list[tuple[str, int]]:
        """Return task_id and map_index of the task instances that Airflow creates with the run, in this order.

        As in DagRun.verify_integrity, these are the tasks that run on the logical date; mapped ones with all their
        indexes, if these are known before anything has run.
        """
        return sorted(
            (task.task_id, map_index)
            for task in self.of.dag.task_dict.values()
            if (task.start_date is None or task.start_date <= self.logical_date)
            and (task.end_date is None or self.logical_date <= task.end_date)
            for map_index in _map_indexes(task)
        )


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


def runnable_dag(dag_id: str, *, session: Session) -> RunnableDag:
    """Return a DAG that may be run; raise DagNotFound (its file may be gone), DagHasImportErrors."""
    row = find_dag(dag_id, session=session)
    if is_loader(row.fileloc):  # each DAG of a loader file has an import error of its own
        refuse_import_errors(dag_id, session=session)
    if row.has_import_errors or not row.is_active:
        refuse_import_errors(dag_id, session=session)
        raise DagNotFound(dag_id)
    dag, dag_hash = serialized_dag(dag_id, session=session)
    return RunnableDag(dag, dag_hash, bool(row.is_paused))


def plan_run(
    runnable: RunnableDag,
    *,
    now: datetime,
    run_id: str | None,
    conf: dict[str, Any] | None,
    logical_date: datetime | None = None,
    session: Session,
) -> NewRun:
    """Plan a manual run whose run_id and logical date no other run of the DAG has.

    now: when the run was asked for; its logical date unless another is given. run_id: made by the DAG's timetable
    where None. conf: checked against the DAG's params. Raises DagRunExists, InvalidArgument, ScheduleFails.
    """
    dag = runnable.dag
    when = timezone.coerce_datetime(now) if logical_date is None else _checked(logical_date, dag)
    if run_id is not None:
        _check_run_id(run_id, cure="; give another")
    try:
        data_interval, run_id = _asked_of_timetable(dag, when, run_id)
    except ScheduleFails as error:
        if logical_date is not None and isinstance(error.__cause__, OverflowError):
            raise InvalidArgument("logical_date", _beyond_the_schedule(when, dag)) from error
        raise
    _check_conf(dag, conf)
    refuse_ids([run_id], session=session)
    refuse_moments([when, *data_interval], session=session)
    if conf:
        refuse_large(conf, RUN.c.conf, "The conf", session=session)
    existing_run = session.execute(
        select(RUN.c.run_id, RUN.c.execution_date)
        .where(RUN.c.dag_id == dag.dag_id, (RUN.c.run_id == run_id) | (RUN.c.execution_date == when))
        .limit(1)
    ).first()
    if existing_run is not None:
        raise DagRunExists(
            dag.dag_id, existing_run.run_id, logical_date=when if existing_run.run_id != run_id else None
        )
    return NewRun(runnable, run_id, when, data_interval, conf)


def create_run(new: NewRun, *, session: Session) -> int:
    """Add the run and its task instances to the session, flushed and not committed; return its id in dag_run.

    Raises DagRunExists, InvalidArgument.
    """
    dag = new.of.dag
    try:
        run = dag.create_dagrun(
            run_type=DagRunType.MANUAL,
            run_id=new.run_id,
            execution_date=new.logical_date,
            data_interval=new.data_interval,
            state=DagRunState(new.state),
            conf=new.conf,
            external_trigger=True,
            dag_hash=new.of.dag_hash,
            session=session,
        )
    except IntegrityError as error:
        # Another caller's run of this name was committed since we looked.
        raise DagRunExists(dag.dag_id, new.run_id) from error
    except (ValueError, AirflowException) as error:
        raise InvalidArgument("run_id", f"cannot be used: {error}") from error
    pk: int = run.id
    return pk


def unknown_run(dag_id: str, run_id: str) -> str:
    """Return the message for a run that may or may not have been created."""
    return (
        "Airflow's database broke off while it took the new run and has not answered since, so it isn't known "
        f"whether it was created; look for the DagRun `{run_id}` of the DAG `{dag_id}` before you try again"
    )


def _map_indexes(task: Any) -> Iterator[int]:
    try:
        count = task.get_parse_time_mapped_ti_count()
    except (NotMapped, NotFullyPopulated):
        count = 0
    return iter(range(count) if count else (-1,))


def _checked(logical_date: datetime, dag: DAG) -> Any:
    if not timezone.is_localized(logical_date):
        raise InvalidArgument("logical_date", "has no time zone; write an offset, or Z for UTC")
    # Timetables call methods that only pendulum's dates have.
    when = timezone.coerce_datetime(timezone.convert_to_utc(logical_date))
    start_date = dag.start_date or (dag.default_args or {}).get("start_date")
    if start_date is not None and when < start_date:
        raise InvalidArgument("logical_date", f"lies before the DAG's start_date, {start_date.isoformat()}")
    return when


def _asked_of_timetable(dag: DAG, when: datetime, run_id: str | None) -> tuple[DataInterval, str]:
    """Return the data interval that the DAG's timetable gives a manual run, and the given run_id or the timetable's."""
    try:
        data_interval = dag.timetable.infer_manual_data_interval(run_after=when)
        if not all(timezone.is_localized(moment) for moment in data_interval):
            raise ValueError(f"its data interval {data_interval} has no time zone")
        if run_id is None:
            run_id = dag.timetable.generate_run_id(
                run_type=DagRunType.MANUAL, logical_date=when, data_interval=data_interval
            )
            _check_run_id(run_id)
    except Exception as error:  # croniter raises for a date that never comes; a user's timetable may raise anything
        reason = f"fails for a run of {when.isoformat()}: {type(error).__name__}: {error}"
        raise ScheduleFails(dag.dag_id, dag.timetable.summary, reason) from error
    return data_interval, run_id


def _beyond_the_schedule(when: datetime, dag: DAG) -> str:
    return (
        f"is {when.isoformat()}, so near the calendar's end that the schedule `{dag.timetable.summary}` cannot reckon "
        "with it; give a date from 1900 to 9998"
    )


def _check_run_id(run_id: str, *, cure: str = "") -> None:
    allowed = airflow_conf.get("scheduler", "allowed_run_id_pattern").strip()
    if len(run_id) > _RUN_ID_LENGTH:
        raise InvalidArgument("run_id", f"is longer than {_RUN_ID_LENGTH} characters")
    if not re2.match(RUN_ID_REGEX, run_id) and not (allowed and re2.match(allowed, run_id)):
        raise InvalidArgument(
            "run_id",
            f"is '{run_id}', which does not match [scheduler] allowed_run_id_pattern '{allowed}'{cure}",
        )
    if run_id in {".", ".."}:
        raise InvalidArgument("run_id", f"is '{run_id}', which no URL can name{cure}")
    reserved_for = DagRunType.from_run_id(run_id)
    if reserved_for != DagRunType.MANUAL:
        raise InvalidArgument("run_id", f"is '{run_id}', which is reserved for {reserved_for.value} runs{cure}")


def _check_conf(dag: DAG, conf: dict[str, Any] | None) -> None:
    if conf is not None and not isinstance(conf, dict):
        raise InvalidArgument("conf", "is not a JSON object")
    params = copy.deepcopy(dag.params)
    try:
        params.update(conf or {})
        params.validate()
    except (ParamValidationError, ValueError) as error:
        raise InvalidArgument("conf", f"does not fit the DAG's params: {error}") from error
