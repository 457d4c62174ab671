"""Waiting: at most half of the webserver's processes wait at once, and one more is answered with what there is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.api import operations, wait_limit
from support import dag_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN_PATH = "/dags/doors/dagRuns/manual__1"
WORKFLOW = {
    "workflow": {
        "name": "waited_for",
        "force": True,
        "dag_config": {
            "waited_for": {
                "default_args": {"owner": "ann", "start_date": "2024-01-01"},
                "schedule": None,
                "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
            }
        },
    }
}
# Longer than any answer takes that doesn't wait.
LONG = 20


@pytest.fixture
def with_process(dag, session) -> None:
    """A run of `doors` whose second task runs, in a process that shows a heartbeat."""
    from airflow.jobs.job import Job
    from airflow.models.taskinstance import TaskInstance

    dag_runs.new_run(dag, session, {"first": "success", "second": "running"})
    job = Job(state="running", job_type="LocalTaskJob")
    session.add(job)
    session.flush()
    table = TaskInstance.__table__
    second = (table.c.dag_id == "doors") & (table.c.task_id == "second")
    session.execute(update(table).where(second).values(job_id=job.id, hostname="worker-1", pid=4711))
    session.commit()


@pytest.fixture
def places_taken(app) -> Iterator[None]:
    """As many requests wait as may: two of the four processes that are configured."""
    with ExitStack() as waiting:
        with app.test_request_context():
            assert [waiting.enter_context(wait_limit.place_to_wait(LONG)) for _ in range(3)] == [LONG, LONG, 0]
        yield


def deploy(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"/dags?wait={LONG}", json=WORKFLOW)
    assert (answer.status_code, answer.json["state"]) == (202, "pending")
    status, body = old_door("deploy_dag", method="POST", json=WORKFLOW, wait=str(LONG))
    assert (status, body["state"]) == (200, "pending")
    assert old_door("delete_dag", dag_id="waited_for")[0] == 200
    return answer


def kill(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"{RUN_PATH}/kill?wait={LONG}")
    assert (answer.status_code, [one["task_id"] for one in answer.json["still_running"]]) == (200, ["second"])
    return answer


def skip(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"{RUN_PATH}/taskInstances/second/skip?wait={LONG}")
    assert (answer.status_code, [one["task_id"] for one in answer.json["still_running"]]) == (200, ["second"])
    return answer


def restart(typed_door_answer, old_door) -> Any:
    assert typed_door_answer("POST", f"{RUN_PATH}/kill").status_code == 200
    answer = typed_door_answer("POST", f"{RUN_PATH}/restart")
    assert (answer.status_code, answer.json["type"]) == (409, "/rest_api/api/problems/task-is-stopping")
    return answer


# What waits if it may: with `wait`, and a restart by itself.
WAITS = {"deploy_dag": deploy, "kill_running_tasks": kill, "skip_task_instance": skip, "restart_failed_task": restart}


@pytest.fixture
def typed_door_answer(call):
    """Call a path below /rest_api/api; return the whole answer."""
    return lambda method, path, **arguments: call(method, f"/rest_api/api{path}", **arguments)


def test_every_wait_that_there_is_has_its_proof():
    """Each operation that takes `wait` stands in the table above."""
    waiting = {each.operation_id for each in operations.operations().values() if "wait" in each.query_parameters}
    assert waiting - {"call_by_query", "call_by_body"} <= set(WAITS)


@pytest.mark.parametrize("operation_id", WAITS)
def test_one_more_is_answered_at_once(typed_door_answer, old_door, with_process, places_taken, operation_id):
    """The state as it is, and when to look again, in no more time than an answer without a wait takes."""
    started = time.monotonic()
    answer = WAITS[operation_id](typed_door_answer, old_door)
    assert answer.headers["Retry-After"] == "5"
    assert time.monotonic() - started < LONG / 2


def test_the_old_door_says_when_to_look_again(call, with_process, places_taken):
    """Its answer has the same header."""
    query = {"api": "kill_running_tasks", "dag_id": "doors", "run_id": "manual__1", "wait": LONG}
    answer = call("GET", "/rest_api/api", query_string=query)
    assert (answer.status_code, answer.json["status"], answer.headers["Retry-After"]) == (200, "success", "5")


def test_who_has_nothing_to_wait_for_is_not_sent_away(typed_door_answer, dag, session, places_taken):
    """A kill of what has no process is done when it is answered, wait or not."""
    dag_runs.new_run(dag, session, {"first": "queued"})
    answer = typed_door_answer("POST", f"{RUN_PATH}/kill?wait={LONG}")
    assert (answer.status_code, answer.json["still_running"], "Retry-After" in answer.headers) == (200, [], False)


def test_a_place_is_free_again_after_the_wait(app):
    """Whoever has waited makes room, and leaves no file behind."""
    with app.test_request_context():
        for _ in range(5):
            with wait_limit.place_to_wait(LONG) as seconds:
                assert seconds == LONG
        assert not list(wait_limit._folder().glob(f"waiting-{os.getpid()}-*"))


HOLDER = """
import sys, time, fcntl, os
for path in sys.argv[1:]:
    fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


def test_a_place_whose_process_is_killed_is_free_again(app):
    """A worker that gunicorn ends while it waits takes no place with it."""
    with app.test_request_context():
        paths = [str(wait_limit._folder() / f"waiting-{os.getpid()}-{number}") for number in range(2)]
        with subprocess.Popen([sys.executable, "-c", HOLDER, *paths], stdout=subprocess.PIPE) as holder:
            assert holder.stdout.readline() == b"held\n"
            with wait_limit.place_to_wait(LONG) as seconds:
                assert seconds == 0
            holder.send_signal(signal.SIGKILL)
        with wait_limit.place_to_wait(LONG) as seconds:
            assert seconds == LONG


def test_one_process_alone_never_waits(app, monkeypatch):
    """Half of one is none: it would answer nobody else meanwhile."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__WORKERS", "1")
    with app.test_request_context(), wait_limit.place_to_wait(LONG) as seconds:
        assert seconds == 0


def test_nobody_waits_where_places_cannot_be_counted(app, monkeypatch, tmp_path, caplog):
    """A folder that is somebody else's, or can't be made, is no reason to hold every process; the log has it."""
    monkeypatch.setattr(wait_limit.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(wait_limit.os, "geteuid", lambda: 4711)
    with app.test_request_context(), wait_limit.place_to_wait(LONG) as seconds:
        assert seconds == 0
    assert "belongs to somebody else" in caplog.text
