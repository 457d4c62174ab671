"""Waiting: at most half of the webserver's processes wait at once, and one more is answered with what there is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.api import operations, wait_limit
from support import dag_runs, stores

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
    dag_runs.new_run(dag, session, {"first": "success", "second": "running"})
    process = {"job_id": dag_runs.new_job(session), "hostname": "worker-1", "pid": 4711}
    dag_runs.put_states("doors", {"second": "running"}, session, **process)


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


def restore(typed_door_answer, old_door) -> Any:
    assert typed_door_answer("POST", "/dags", json=WORKFLOW).status_code == 201
    number = typed_door_answer("GET", "/dags/waited_for").json["version_number"]
    answer = typed_door_answer("POST", f"/dags/waited_for/dagVersions/{number}/restore?wait={LONG}")
    assert (answer.status_code, answer.json["state"]) == (202, "pending")
    assert old_door("delete_dag", dag_id="waited_for")[0] == 200
    return answer


def apply(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("PUT", f"/bundles/waiting?wait={LONG}", json={"workflows": [WORKFLOW]})
    assert (answer.status_code, [one["state"] for one in answer.json["created"]]) == (202, ["pending"])
    assert old_door("delete_dag", dag_id="waited_for")[0] == 200
    return answer


def kill(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"{RUN_PATH}/kill?wait={LONG}")
    assert (answer.status_code, [one["task_id"] for one in answer.json["still_running"]]) == (200, ["second"])
    return answer


def kill_runs(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"/dags/doors/dagRuns/kill?wait={LONG}", json={"run_ids": ["manual__1"]})
    (run,) = answer.json["dag_runs"]
    assert (answer.status_code, [one["task_id"] for one in run["still_running"]]) == (200, ["second"])
    return answer


def skip(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"{RUN_PATH}/taskInstances/second/skip?wait={LONG}")
    assert (answer.status_code, [one["task_id"] for one in answer.json["still_running"]]) == (200, ["second"])
    return answer


def succeed(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"{RUN_PATH}/taskInstances/second/succeed?wait={LONG}")
    assert (answer.status_code, [one["task_id"] for one in answer.json["still_running"]]) == (200, ["second"])
    return answer


def restart(typed_door_answer, old_door) -> Any:
    assert typed_door_answer("POST", f"{RUN_PATH}/kill").status_code == 200
    answer = typed_door_answer("POST", f"{RUN_PATH}/restart")
    assert (answer.status_code, answer.json["type"]) == (409, "/rest_api/api/problems/task-is-stopping")
    return answer


def state(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("GET", f"{RUN_PATH}?wait={LONG}")
    assert (answer.status_code, answer.json["state"], answer.json["has_ended"]) == (200, "running", False)
    status, body = old_door("dag_state", dag_id="doors", run_id="manual__1", wait=str(LONG))
    dates = {"startDate": body["startDate"], "endDate": None}
    assert (status, body) == (200, {"state": "running", **dates, "has_ended": False, "status": "success"})
    return answer


def trigger(typed_door_answer, old_door) -> Any:
    answer = typed_door_answer("POST", f"/dags/doors/dagRuns?wait={LONG}", json={"run_id": "two"})
    assert (answer.status_code, answer.json["state"], answer.json["has_ended"]) == (201, "queued", False)
    arguments = {"workflow_name": "doors", "run_id": "three", "wait": LONG}
    assert old_door("trigger_dag", method="POST", json=arguments) == (
        200,
        {
            "message": "Workflow [doors] has been triggered as three",
            "state": "queued",
            "has_ended": False,
            "status": "success",
        },
    )
    return answer


def run_partial(typed_door_answer, old_door) -> Any:
    body = {"run_id": "four", "task_ids": ["third"]}
    answer = typed_door_answer("POST", f"/dags/doors/dagRuns/partial?wait={LONG}", json=body)
    assert (answer.status_code, answer.json["state"], answer.json["has_ended"]) == (201, "queued", False)
    form = {"dag_id": "doors", "run_id": "five", "tasks": "third", "wait": str(LONG)}
    status, body = old_door("run_task_instance", method="POST", form=form)
    date = {"execution_date": body["execution_date"]}
    assert (status, body) == (200, {**date, "state": "queued", "has_ended": False, "status": "success"})
    return answer


# What waits if it may: with `wait`, and a restart by itself.
WAITS = {
    "deploy_dag": deploy,
    "restore_dag_version": restore,
    "apply_bundle": apply,
    "kill_running_tasks": kill,
    "kill_dag_runs": kill_runs,
    "skip_task_instance": skip,
    "succeed_task_instance": succeed,
    "restart_failed_task": restart,
    "dag_state": state,
    "trigger_dag": trigger,
    "run_task_instance": run_partial,
}


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


WITHOUT_WAIT = "The argument 'wait_for_nodes' is 2, and nothing is waited for; give wait too, such as 60"
OF_FILES = (
    "The argument 'wait_for_nodes' is 2, and with definition_store = files all nodes have the same files, so that "
    "there is one verdict; leave it out"
)
DEPLOYS = {
    "deploy_dag": ("POST", "/dags", WORKFLOW),
    "restore_dag_version": ("POST", "/dags/waited_for/dagVersions/1/restore", None),
    "apply_bundle": ("PUT", "/bundles/waiting", {"workflows": [WORKFLOW]}),
}


def test_every_deploy_that_waits_takes_a_number_of_nodes():
    """What waits for a parse can wait for the parses of some nodes."""
    takes = {
        each.operation_id for each in operations.operations().values() if "wait_for_nodes" in each.query_parameters
    }
    assert takes - {"call_by_query", "call_by_body"} == set(DEPLOYS)


@pytest.mark.parametrize("operation_id", DEPLOYS)
def test_a_number_of_nodes_that_means_nothing(typed_door, operation_id):
    """Without `wait`, or with the file store, it is refused before anything is deployed."""
    method, path, body = DEPLOYS[operation_id]
    refusals = {"wait_for_nodes=2": WITHOUT_WAIT}
    if stores.STORE == "files":
        refusals[f"wait={LONG}&wait_for_nodes=2"] = OF_FILES
    for query, words in refusals.items():
        status, problem = typed_door(method, f"{path}?{query}", json=body)
        assert (status, problem["type"], problem["detail"]) == (400, "/rest_api/api/problems/invalid-argument", words)
        assert typed_door("GET", "/dags/waited_for")[0] == 404


@pytest.fixture
def ends_soon(monkeypatch) -> Iterator[None]:
    """A scheduler that ends every run of `doors` as soon as somebody waits for it."""
    from airflow.models.dagrun import DagRun
    from airflow.settings import Session

    from openmetadata_airflow_apis.runs import run_wait

    def sleep(_: float) -> None:
        assert not Session().in_transaction()  # nor is that of who signed in and was authorized
        table, moment = DagRun.__table__, datetime(2026, 1, 2, tzinfo=timezone.utc)
        ended = update(table).where(table.c.dag_id == "doors", table.c.state.in_(["queued", "running"]))
        Session().execute(ended.values(state="failed", start_date=moment, end_date=moment))
        Session().commit()

    monkeypatch.setattr(run_wait.time, "sleep", sleep)


def test_the_end_of_a_run_is_waited_for_at_the_typed_door(typed_door, with_process, ends_soon):
    """trigger_dag, run_task_instance and dag_state answer what they answer without `wait`, as it is at the end."""
    moment = "2026-01-02T00:00:00.000000Z"
    ended = {"state": "failed", "start_date": moment, "end_date": moment}
    status, created = typed_door("POST", f"/dags/doors/dagRuns?wait={LONG}", json={"run_id": "two", "conf": {"a": 1}})
    is_paused, dry_run = created.pop("is_paused"), created.pop("dry_run")
    assert (status, is_paused, dry_run) == (201, False, False)
    assert created == {**typed_door("GET", "/dags/doors/dagRuns/two")[1], **ended, "has_ended": True}

    body = {"run_id": "three", "task_ids": ["third"]}
    _, planned = typed_door("POST", "/dags/doors/dagRuns/partial?dry_run=true", json=body)
    status, partial = typed_door("POST", f"/dags/doors/dagRuns/partial?wait={LONG}", json=body)
    date = {"logical_date": partial["logical_date"]}
    assert (status, partial) == (201, {**planned, **date, "state": "failed", "dry_run": False, "has_ended": True})

    typed_door("POST", "/dags/doors/dagRuns", json={"run_id": "four"})
    _, before = typed_door("GET", "/dags/doors/dagRuns/four")
    assert typed_door("GET", f"/dags/doors/dagRuns/four?wait={LONG}") == (200, {**before, **ended, "has_ended": True})


def test_the_end_of_a_run_is_waited_for_at_the_old_door(old_door, with_process, ends_soon):
    """The printed bodies, and beside them what `wait` has found."""
    arguments = {"workflow_name": "doors", "run_id": "two", "wait": str(LONG)}
    assert old_door("trigger_dag", method="POST", json=arguments)[1] == {
        "message": "Workflow [doors] has been triggered as two",
        "state": "failed",
        "has_ended": True,
        "status": "success",
    }
    form = {"dag_id": "doors", "run_id": "three", "tasks": "third", "wait": str(LONG)}
    body = old_door("run_task_instance", method="POST", form=form)[1]
    date = {"execution_date": body["execution_date"]}
    assert body == {**date, "state": "failed", "has_ended": True, "status": "success"}
    moment = "2026-01-02T00:00:00.000000+0000"
    assert old_door("dag_state", dag_id="doors", run_id="manual__1", wait=str(LONG))[1] == {
        "state": "failed",
        "startDate": moment,
        "endDate": moment,
        "has_ended": True,
        "status": "success",
    }


def test_a_dry_run_waits_for_nothing(typed_door, dag, monkeypatch):
    """There is no run whose end could be waited for."""
    monkeypatch.setattr(wait_limit, "waiting_time", None)
    status, body = typed_door("POST", f"/dags/doors/dagRuns?wait={LONG}&dry_run=true", json={"run_id": "two"})
    assert (status, body["dry_run"], "has_ended" in body) == (200, True, False)


def test_a_place_is_free_again_after_the_wait(app):
    """Whoever has waited makes room, and leaves no file behind."""
    with app.test_request_context():
        for _ in range(5):
            with wait_limit.place_to_wait(LONG) as seconds:
                assert seconds == LONG
        assert not list(wait_limit._folder().glob(f"waiting-{socket.gethostname()}-{os.getpid()}-*"))


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
        webserver = f"waiting-{socket.gethostname()}-{os.getpid()}"
        paths = [str(wait_limit._folder() / f"{webserver}-{number}") for number in range(2)]
        with subprocess.Popen([sys.executable, "-c", HOLDER, *paths], stdout=subprocess.PIPE) as holder:
            assert holder.stdout.readline() == b"held\n"
            with wait_limit.place_to_wait(LONG) as seconds:
                assert seconds == 0
            holder.send_signal(signal.SIGKILL)
        with wait_limit.place_to_wait(LONG) as seconds:
            assert seconds == LONG


def test_containers_that_share_a_folder_have_their_own_places(app, places_taken, monkeypatch):
    """In each container the webserver may be the process 7; what one's callers wait for takes nothing of another's."""
    monkeypatch.setattr(wait_limit.socket, "gethostname", lambda: "webserver-2")
    with app.test_request_context(), wait_limit.place_to_wait(LONG) as seconds:
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


def test_nobody_waits_while_gunicorn_ends(app, monkeypatch, caplog):
    """A webserver whose first process is gone lets nobody wait, and answers all the same."""

    def gone(*_: Any) -> Any:
        raise wait_limit.psutil.NoSuchProcess(4711)

    monkeypatch.setattr(wait_limit.psutil, "Process", gone)
    gunicorn = {"SERVER_SOFTWARE": "gunicorn/23.0"}
    with app.test_request_context(environ_overrides=gunicorn), wait_limit.place_to_wait(LONG) as seconds:
        assert seconds == 0
    assert "cannot be known how many requests are waiting" in caplog.text
