"""Creates DagRuns from the serialized DAG, checking what Airflow's own trigger checks."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import re2
from airflow.configuration import conf as airflow_conf
from airflow.exceptions import AirflowException, ParamValidationError
from airflow.models.dagrun import RUN_ID_REGEX
from airflow.utils import timezone
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunType
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import DagHasImportErrors, DagNotFound, DagRunExists, InvalidArgument
from openmetadata_airflow_apis.runs.lookup import RUN, find_dag, serialized_dag
from openmetadata_airflow_apis.runs.results import TriggeredRun
from openmetadata_airflow_apis.runs.run_state import run_fields
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.models.dag import DAG
    from airflow.models.dagrun import DagRun
    from sqlalchemy.orm import Session

_RUN_ID_LENGTH = 250


def trigger_dag(
    dag_id: str,
    *,
    run_id: str | None = None,
    conf: dict[str, Any] | None = None,
    logical_date: datetime | None = None,
    note: str | None = None,
    user: str,
    session: Session,
) -> TriggeredRun:
    """Create a manual run of a DAG and commit it; a paused DAG's run waits in state queued.

    run_id: made by the DAG's timetable where None. conf: checked against the DAG's params. logical_date: with
    a time zone, now where None. note: at most 1000 characters.
    Raises DagNotFound, DagHasImportErrors, DagRunExists, InvalidArgument, Unavailable.
    """
    if note is not None and len(note) > audit.NOTE_LENGTH:
        raise InvalidArgument("note", f"is longer than {audit.NOTE_LENGTH} characters")

    def change() -> TriggeredRun:
        dag, dag_hash, is_paused = runnable_dag(dag_id, session=session)
        run = create_run(dag, dag_hash, run_id=run_id, conf=conf, logical_date=logical_date, session=session)
        if note:
            audit.write_note(run.id, note, session=session)
        else:
            audit.annotate(run.id, "triggered", user=user, session=session)
        audit.record("trigger_dag", user=user, dag_id=dag_id, run_id=run.run_id, session=session)
        return TriggeredRun(**run_fields(dag_id, run.run_id, session=session), is_paused=is_paused)

    triggered = in_one_transaction(change, session=session)
    audit.count("trigger_dag")
    return triggered


def runnable_dag(dag_id: str, *, session: Session) -> tuple[DAG, str, bool]:
    """Return a DAG that a run may be created of, its hash, and whether it is paused.

    Raises DagNotFound (for a DAG whose file is gone too), DagHasImportErrors.
    """
    row = find_dag(dag_id, session=session)
    if not row.is_active:
        raise DagNotFound(dag_id)
    if row.has_import_errors:
        raise DagHasImportErrors(dag_id)
    return (*serialized_dag(dag_id, session=session), bool(row.is_paused))


def create_run(
    dag: DAG,
    dag_hash: str,
    *,
    run_id: str | None,
    conf: dict[str, Any] | None,
    logical_date: datetime | None,
    session: Session,
) -> DagRun:
    """Add a queued manual run and its task instances to the session, flushed and not committed.

    Raises DagRunExists, InvalidArgument.
    """
    dag_id = dag.dag_id
    when = _logical_date(dag, logical_date)
    data_interval = dag.timetable.infer_manual_data_interval(run_after=when)
    if run_id is None:
        run_id = dag.timetable.generate_run_id(
            run_type=DagRunType.MANUAL, logical_date=when, data_interval=data_interval
        )
    _check_run_id(run_id)
    _check_conf(dag, conf)
    taken = session.execute(
        select(RUN.c.run_id)
        .where(RUN.c.dag_id == dag_id, (RUN.c.run_id == run_id) | (RUN.c.execution_date == when))
        .limit(1)
    ).scalar()
    if taken is not None:
        raise DagRunExists(dag_id, taken)
    try:
        return dag.create_dagrun(
            run_type=DagRunType.MANUAL,
            run_id=run_id,
            execution_date=when,
            data_interval=data_interval,
            state=DagRunState.QUEUED,
            conf=conf,
            external_trigger=True,
            dag_hash=dag_hash,
            session=session,
        )
    except IntegrityError as error:
        # Another caller's run of this name was committed since we looked.
        raise DagRunExists(dag_id, run_id) from error
    except (ValueError, AirflowException) as error:
        raise InvalidArgument("run_id", f"cannot be used: {error}") from error


def _logical_date(dag: DAG, given: datetime | None) -> Any:
    if given is None:
        return timezone.coerce_datetime(timezone.utcnow())  # timetables call methods that only pendulum has
    if not timezone.is_localized(given):
        raise InvalidArgument("logical_date", "has no time zone; write an offset, or Z for UTC")
    when = timezone.coerce_datetime(timezone.convert_to_utc(given))
    start_date = dag.start_date or (dag.default_args or {}).get("start_date")
    if start_date is not None and when < start_date:
        raise InvalidArgument("logical_date", f"lies before the DAG's start_date, {start_date.isoformat()}")
    return when


def _check_run_id(run_id: str) -> None:
    allowed = airflow_conf.get("scheduler", "allowed_run_id_pattern").strip()
    if len(run_id) > _RUN_ID_LENGTH:
        raise InvalidArgument("run_id", f"is longer than {_RUN_ID_LENGTH} characters")
    if not re2.match(RUN_ID_REGEX, run_id) and not (allowed and re2.match(allowed, run_id)):
        raise InvalidArgument(
            "run_id", f"is '{run_id}', which does not match [scheduler] allowed_run_id_pattern '{allowed}'"
        )
    reserved_for = DagRunType.from_run_id(run_id)
    if reserved_for != DagRunType.MANUAL:
        raise InvalidArgument("run_id", f"is '{run_id}', which is reserved for {reserved_for.value} runs")


def _check_conf(dag: DAG, conf: dict[str, Any] | None) -> None:
    if conf is not None and not isinstance(conf, dict):
        raise InvalidArgument("conf", "is not a JSON object")
    params = copy.deepcopy(dag.params)
    try:
        params.update(conf or {})
        params.validate()
    except (ParamValidationError, ValueError) as error:
        raise InvalidArgument("conf", f"does not fit the DAG's params: {error}") from error
