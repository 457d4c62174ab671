"""A worker that can't build the DAG of the task that it is to run says so, and why, before the task fails."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.cli import cli_parser
from airflow.exceptions import AirflowException
from airflow.models.log import Log
from airflow.models.taskinstance import TaskInstance
from airflow.utils import timezone
from airflow.utils.cli import get_dag
from airflow.utils.net import get_hostname
from sqlalchemy.exc import OperationalError

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.dagbuild import shard_loader, unbuilt_tasks
from openmetadata_airflow_apis.deploy import deploy
from openmetadata_airflow_apis.runs import explain_dag_run

from .conftest import add_run, make_workflow

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run_task(session, settings, monkeypatch) -> Callable[[], None]:
    """Run `check` of a run of `nightly` as an executor does, on a machine without its callable file."""
    monkeypatch.setattr(shard_loader, "_loaded_alone", set())
    monkeypatch.setattr(unbuilt_tasks, "_noted", set())
    deployed = deploy(make_workflow(), user="ada", settings=settings, session=session)
    add_run(session, "nightly", "r", "running", {"check": "queued"})
    session.query(TaskInstance).update({"queued_dttm": timezone.utcnow()})
    session.commit()
    (settings.dag_managed_operators / "checks.py").unlink()

    def run() -> None:
        command = ["tasks", "run", "nightly", "check", "r", "--local", "--subdir", deployed.fileloc]
        arguments = cli_parser.get_parser().parse_args(command)
        with pytest.raises(AirflowException, match="could not be found"):
            arguments.func(arguments)

    return run


@pytest.fixture
def sentence(settings) -> str:
    """What is wrong."""
    folder = settings.dag_managed_operators
    what = f"the file 'checks.py' in {folder} can't be read"
    return f"task `check`: {what}: [Errno 2] No such file or directory: 'checks.py'"


def notes(session) -> list[Log]:
    session.rollback()
    return session.query(Log).filter_by(event=unbuilt_tasks.EVENT).all()


def test_the_audit_log_names_host_and_file(run_task, sentence, session):
    """The audit log says once which host can't build the DAG for which task instance, and why."""
    run_task()
    (note,) = notes(session)
    assert (note.dag_id, note.task_id, note.map_index, note.owner) == ("nightly", "check", -1, "airflow")
    extra = json.loads(note.extra)
    assert extra == {"run_id": "r", "hostname": get_hostname(), "import_error": extra["import_error"]}
    assert extra["import_error"].splitlines()[0] == sentence


def test_the_explanation_names_them(run_task, sentence, session):
    """Once the scheduler has failed the task, its explanation has the worker's reason, not the scheduler's."""
    run_task()
    session.add(Log("state mismatch", session.query(TaskInstance).filter_by(task_id="check").one()))
    session.query(TaskInstance).filter_by(task_id="check").update({"state": "failed"})
    session.commit()
    (failure,) = explain_dag_run("nightly", "r", session=session).failures
    where = f"the DAG can't be imported on its worker, the host {get_hostname()}"
    assert (failure.kind, failure.reason) == ("not_started", f"It never began: {where}: {sentence}")


def test_what_a_worker_said_of_an_earlier_try_is_no_reason(run_task, session):
    """A task that is queued again later, and never begins, is not told with what was wrong before."""
    run_task()
    later = timezone.utcnow() + timedelta(minutes=1)
    session.query(TaskInstance).filter_by(task_id="check").update({"state": "failed", "queued_dttm": later})
    session.commit()
    (failure,) = explain_dag_run("nightly", "r", session=session).failures
    assert failure.kind == "not_started"
    assert "can't be imported on its worker, the host" not in failure.reason


def test_only_a_task_is_told(run_task, session):
    """Whoever else looks for the DAG, `airflow tasks list` say, leaves no note."""
    with pytest.raises(AirflowException, match="could not be found"):
        get_dag(None, "nightly")
    assert notes(session) == []


def test_a_database_that_refuses_the_note(run_task, session, monkeypatch, caplog):
    """Where the note can't be written, the task fails as it does without one, and the worker's log says so."""

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(audit, "record", refuse)
    run_task()
    assert notes(session) == []
    assert "Why the DAG nightly can't be built here can't be noted" in caplog.text
