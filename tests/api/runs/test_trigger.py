"""Triggering runs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update

from openmetadata_airflow_apis.conflict_errors import DagHasImportErrors, DagRunExists
from openmetadata_airflow_apis.errors import DagNotFound, InvalidArgument
from openmetadata_airflow_apis.runs.run_state import dag_state
from openmetadata_airflow_apis.runs.trigger import trigger_dag
from support.dag_runs import START, logged_details, new_dag, states, store
from support.versions import logged_run_id


@pytest.fixture
def dag(session):
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator

    with new_dag("trigger", params={"rows": Param(10, type="integer", minimum=1)}) as dag:
        BashOperator(task_id="one", bash_command="true") >> BashOperator(task_id="two", bash_command="true")
    store(dag, session)
    return dag


def _trigger(session, **arguments):
    return trigger_dag("trigger", user="ada", session=session, **arguments)


def test_a_run_is_created_and_queued(dag, session):
    """A trigger creates a queued manual run with its task instances, and answers all of it."""
    logical_date = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
    answer = asdict(_trigger(session, run_id="nightly-7", conf={"rows": 5}, logical_date=logical_date, note="a test"))
    assert answer.pop("queued_at").tzinfo is not None
    assert answer == {
        "dag_id": "trigger",
        "run_id": "nightly-7",
        "state": "queued",
        "run_type": "manual",
        "external_trigger": True,
        "logical_date": logical_date,
        "start_date": None,
        "end_date": None,
        "data_interval_start": logical_date,
        "data_interval_end": logical_date,
        "conf": {"rows": 5},
        "note": "a test",
        "is_paused": False,
        "dry_run": False,
        "task_instances": None,
    }
    assert states("trigger", session, "nightly-7") == {"one": None, "two": None}


def test_without_words_of_its_own_a_run_is_named_by_the_timetable(dag, session):
    """A trigger without a run_id runs now and names the run as Airflow does; its note says who asked."""
    triggered = _trigger(session)
    assert triggered.run_id == f"manual__{triggered.logical_date.isoformat()}"
    assert abs(triggered.logical_date - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert triggered.note.startswith("[openmetadata_airflow_apis] ")
    assert triggered.note.endswith(" ada: triggered")
    assert dag_state("trigger", triggered.run_id, session=session).note == triggered.note


def test_a_trigger_is_audited(dag, session):
    """A trigger leaves a row in Airflow's audit log: who, what, which DAG, which run."""
    from airflow.models.log import Log

    _trigger(session, run_id="audited")
    row = session.scalars(select(Log).where(Log.dag_id == "trigger").order_by(Log.id.desc())).first()
    assert (row.event, row.owner, logged_run_id(row), logged_details(row)) == (
        "trigger_dag",
        "ada",
        "audited",
        {"run_id": "audited"},
    )


def test_a_paused_dag_says_so(dag, session):
    """A paused DAG's run is created and says that it waits."""
    from airflow.models.dag import DagModel

    session.execute(update(DagModel).where(DagModel.dag_id == "trigger").values(is_paused=True))
    session.commit()
    triggered = _trigger(session)
    assert (triggered.is_paused, triggered.state) == (True, "queued")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run_id": "a/b"}, "The argument 'run_id' is 'a/b', which does not match"),
        ({"run_id": "x" * 251}, "The argument 'run_id' is longer than 250 characters"),
        ({"run_id": ""}, "The argument 'run_id' is '', which does not match"),
        ({"run_id": "scheduled__2026-05-01T00:00:00+00:00"}, "reserved for scheduled runs"),
        ({"conf": {"rows": "many"}}, "The argument 'conf' does not fit the DAG's params"),
        ({"conf": ["rows"]}, "The argument 'conf' is not a JSON object"),
        ({"logical_date": datetime(2026, 5, 1)}, "The argument 'logical_date' has no time zone"),  # noqa: DTZ001
        ({"logical_date": START - timedelta(days=1)}, "lies before the DAG's start_date"),
        ({"note": "n" * 1001}, "The argument 'note' is longer than 1000 characters"),
    ],
)
def test_what_cannot_be_used_is_refused(dag, session, arguments, message):
    """A run_id, conf, logical_date or note that Airflow would not take is refused with the reason."""
    with pytest.raises(InvalidArgument, match=message):
        _trigger(session, **arguments)


def test_a_run_id_is_used_once(dag, session):
    """A run_id that is taken is refused, and so is a logical_date."""
    first = _trigger(session, run_id="twice")
    with pytest.raises(DagRunExists, match="run_id: `twice` of the DAG `trigger` already exists"):
        _trigger(session, run_id="twice")
    with pytest.raises(DagRunExists, match="run_id: `twice`"):
        _trigger(session, run_id="other", logical_date=first.logical_date)


def test_a_dag_must_be_there_and_import(dag, session):
    """A DAG that is unknown, gone from its folder or broken is not run."""
    from airflow.models.dag import DagModel

    with pytest.raises(DagNotFound):
        trigger_dag("nowhere", user="ada", session=session)
    session.execute(update(DagModel).where(DagModel.dag_id == "trigger").values(has_import_errors=True))
    session.commit()
    with pytest.raises(DagHasImportErrors):
        _trigger(session)
    session.execute(
        update(DagModel).where(DagModel.dag_id == "trigger").values(has_import_errors=False, is_active=False)
    )
    session.commit()
    with pytest.raises(DagNotFound):
        _trigger(session)
