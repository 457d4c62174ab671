"""Idempotency-Key: a request that is repeated is answered as the first time, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import threading
from datetime import timedelta
from typing import Any

import psutil
import pytest
from airflow import settings as airflow_settings
from airflow.models.dagrun import DagRun
from airflow.utils import timezone
from sqlalchemy import update

from openmetadata_airflow_apis.api import operations, replayed_answers
from openmetadata_airflow_apis.conflict_errors import IdempotencyKeyInUse
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.stores import idempotency_keys, version_rows
from support import dag_runs

TYPED = "/rest_api/api"
PROBLEMS = f"{TYPED}/problems"
KEY = "6f1c2c9e-7c0a-4f55-9d0a-2f6f0e9f3c11"
RUNS = f"{TYPED}/dags/doors/dagRuns"
WORKFLOW = {
    "workflow": {
        "name": "keyed",
        "dag_config": {
            "keyed": {
                "default_args": {"owner": "ann", "start_date": "2024-01-01"},
                "schedule": None,
                "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
            }
        },
    }
}
FAILED = {"first": "success", "second": "failed", "third": "upstream_failed"}
RUNNING = {"first": "success", "second": "scheduled", "third": None}


@pytest.fixture(autouse=True)
def _keys_forgotten(session):
    """No key is known before the test, and nothing is left of what it deploys."""
    idempotency_keys.make_table()
    session.execute(idempotency_keys.TABLE.delete())
    session.commit()
    yield
    session.execute(version_rows.TABLE.delete())
    session.commit()


@pytest.fixture
def keyed(call):
    """Send a request with a key."""

    def send(method: str, path: str, *, key: str = KEY, **arguments: Any):
        return call(method, path, headers={replayed_answers.HEADER: key}, **arguments)

    return send


@pytest.fixture
def deployed(call):
    """The version 1 of `keyed`, and version 2 is what is deployed."""
    assert call("POST", f"{TYPED}/dags", json=WORKFLOW).status_code == 201
    second = json.loads(json.dumps(WORKFLOW))
    second["workflow"]["force"] = True
    second["workflow"]["dag_config"]["keyed"]["description"] = "The second"
    assert call("POST", f"{TYPED}/dags", json=second).status_code == 200
    yield
    call("DELETE", f"{TYPED}/dags/keyed")


def run(session, states=None, run_state="running") -> None:
    """Put the run `manual__1` of `doors` into the database."""
    from airflow.models.serialized_dag import SerializedDagModel

    dag_runs.new_run(
        SerializedDagModel.get("doors", session=session).dag, session, states or RUNNING, run_state=run_state
    )


# operationId → path, arguments, and the states of the run's task instances that it needs
REQUESTS: dict[str, tuple[str, dict[str, Any], dict[str, Any] | None]] = {
    "deploy_dag": (f"{TYPED}/dags", {"json": WORKFLOW}, None),
    "restore_dag_version": (f"{TYPED}/dags/keyed/dagVersions/1/restore", {}, None),
    "apply_bundle": (f"{TYPED}/bundles/keyed", {"json": {"workflows": [WORKFLOW]}}, None),
    "trigger_dag": (RUNS, {"json": {"conf": {"limit": 10}}}, None),
    "run_task_instance": (f"{RUNS}/partial", {"json": {"task_ids": ["first"]}}, None),
    "restart_failed_task": (f"{RUNS}/manual__1/restart", {}, FAILED),
    "kill_running_tasks": (f"{RUNS}/manual__1/kill", {}, RUNNING),
    "skip_task_instance": (f"{RUNS}/manual__1/taskInstances/second/skip", {}, RUNNING),
    "succeed_task_instance": (f"{RUNS}/manual__1/taskInstances/second/succeed", {}, RUNNING),
    "restart_dag_runs": (f"{RUNS}/restart", {"json": {"states": ["failed"]}}, FAILED),
    "kill_dag_runs": (f"{RUNS}/kill", {"json": {"states": ["running"]}}, RUNNING),
    "patch_dag": (f"{TYPED}/dags/doors", {"json": {"is_paused": True}}, None),
}
# Those that change something and take no key, and why.
WITHOUT = {
    "login": "gives tokens, which would have to be kept; a second login does no harm",
    "refresh": "as login",
    "logout": "a second one changes nothing",
    "refresh_all_dags": "a second one changes nothing",
    "validate_dag": "changes nothing",
    "delete_dag": "a second one changes nothing: 404; If-Match keeps what was deployed in between",
}


def prepare(operation_id: str, request, session) -> tuple[str, str, dict[str, Any]]:
    """Make what a request needs; return its method, path and arguments."""
    path, arguments, states = REQUESTS[operation_id]
    request.getfixturevalue("dag")
    if operation_id == "restore_dag_version":
        request.getfixturevalue("deployed")
    if states is not None:
        run(session, states, "failed" if states is FAILED else "running")
    return operations.operations()[operation_id].method, path, arguments


@pytest.fixture(autouse=True)
def _undeployed(call):
    """What a test has deployed is gone afterwards."""
    yield
    call("DELETE", f"{TYPED}/dags/keyed")


def test_every_operation_that_takes_a_key_is_tried():
    """The operations of the specification that take the header are those of this file."""
    takes = {name for name, operation in operations.operations().items() if operation.takes_idempotency_key}
    assert takes == set(REQUESTS) == set(replayed_answers._ANSWERS)
    changes = {name for name, each in operations.operations().items() if each.changes_state and each.tag != "oldDoor"}
    assert changes - takes == set(WITHOUT)


@pytest.mark.parametrize("operation_id", REQUESTS)
def test_a_repeated_request_is_answered_as_the_first_time(request, session, keyed, operation_id):
    """Status, body and headers are the first one's; one header more says so."""
    method, path, arguments = prepare(operation_id, request, session)
    first = keyed(method, path, **arguments)
    assert first.status_code in (200, 201), first.json
    assert replayed_answers.REPLAYED not in first.headers
    for _ in range(2):
        again = keyed(method, path, **arguments)
        assert (again.status_code, again.json) == (first.status_code, first.json)
        assert again.headers[replayed_answers.REPLAYED] == "true"
        assert again.headers.get("ETag") == first.headers.get("ETag")


@pytest.mark.parametrize("operation_id", REQUESTS)
def test_the_answer_is_written_with_the_change(request, session, keyed, monkeypatch, operation_id):
    """A process that dies after the commit and before it has answered has left the answer that it would have given."""
    method, path, arguments = prepare(operation_id, request, session)
    with monkeypatch.context() as patch:
        patch.setattr(idempotency_keys, "finish", lambda *_: None)  # as if it had died before
        first = keyed(method, path, **arguments)
    again = keyed(method, path, **arguments)
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers.get("ETag") == first.headers.get("ETag")


def test_a_repeated_trigger_makes_one_run(keyed, dag, session):
    """However often a trigger is repeated, there is one run; with another key there are two."""
    for _ in range(3):
        assert keyed("POST", RUNS).status_code == 201
    assert session.query(DagRun).filter(DagRun.dag_id == "doors").count() == 1
    assert keyed("POST", RUNS, key="another").status_code == 201
    session.rollback()
    assert session.query(DagRun).filter(DagRun.dag_id == "doors").count() == 2


def test_a_repeated_kill_leaves_what_began_since(keyed, dag, session):
    """A kill of all that runs, whose answer was lost, does not kill the runs that have begun in between."""
    run(session)
    kill = {"json": {"states": ["running"]}}
    first = keyed("POST", f"{RUNS}/kill", **kill)
    dag_runs.new_run(dag, session, RUNNING, run_id="since", run_state="running")
    assert keyed("POST", f"{RUNS}/kill", **kill).json == first.json
    assert call_state(keyed, "since") == "running"
    assert [each["run_id"] for each in first.json["dag_runs"]] == ["manual__1"]


def call_state(keyed, run_id: str) -> str:
    """Return a run's state."""
    return keyed("GET", f"{RUNS}/{run_id}").json["state"]


def test_both_doors_know_the_same_key(keyed, dag, session):
    """What was begun at one door is answered at the other, in the words of that one."""
    typed = keyed("POST", RUNS, json={"run_id": "r1"})
    old = keyed("POST", f"{TYPED}?api=trigger_dag", json={"workflow_name": "doors", "run_id": "r1"})
    assert typed.status_code == 201
    assert (old.status_code, old.json) == (
        200,
        {"message": "Workflow [doors] has been triggered as r1", "status": "success"},
    )
    assert old.headers[replayed_answers.REPLAYED] == "true"


def test_a_key_is_its_users_own(call, keyed, dag):
    """Two users may choose the same key."""
    assert keyed("POST", RUNS, json={"run_id": "r1"}).status_code == 201
    assert keyed("POST", RUNS, json={"run_id": "r2"}, user="op").status_code == 201


@pytest.mark.parametrize(("path", "arguments"), [(RUNS, {"json": {"run_id": "r2"}}), (f"{RUNS}?dry_run=true", {})])
def test_another_request_under_the_same_key_is_refused(keyed, dag, path, arguments):
    """Other arguments, or another body, are 422."""
    assert keyed("POST", RUNS, json={"run_id": "r1"}).status_code == 201
    refused = keyed("POST", path, **arguments)
    sentence = (
        "The Idempotency-Key was sent with another request before; nothing was changed, give each request its own"
    )
    assert (refused.status_code, refused.json) == (
        422,
        {
            "type": f"{PROBLEMS}/idempotency-key-reused",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": sentence,
        },
    )


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_cannot_be_used(keyed, dag, key):
    """An empty key, or one that is too long, is 400."""
    refused = keyed("POST", RUNS, key=key)
    assert (refused.status_code, refused.json["type"]) == (400, f"{PROBLEMS}/invalid-argument")


def test_an_error_is_not_kept(keyed, dag, session):
    """After a refusal, by which nothing is changed, the same key may be sent again, with whatever."""
    assert keyed("POST", f"{RUNS}/manual__1/restart").status_code == 404
    run(session, FAILED, "failed")
    assert keyed("POST", f"{RUNS}/manual__1/restart").status_code == 200
    assert keyed("POST", RUNS, key="k2", json={"run_id": "manual__1"}).status_code == 409
    assert keyed("POST", RUNS, key="k2", json={"run_id": "r2"}).status_code == 201


def test_the_first_is_under_way(app, keyed, dag, session, monkeypatch):
    """While the first request is under way the second is 409, and says when to come back."""
    begun, go_on = threading.Event(), threading.Event()
    from openmetadata_airflow_apis import runs

    trigger = runs.trigger_dag

    def slowly(*arguments, **named):
        begun.set()
        assert go_on.wait(60)
        return trigger(*arguments, **named)

    monkeypatch.setattr(runs, "trigger_dag", slowly)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(keyed("POST", RUNS)))
    thread.start()
    assert begun.wait(60)
    try:
        second = keyed("POST", RUNS)
    finally:
        go_on.set()
        thread.join()
    assert (second.status_code, second.json["type"]) == (409, f"{PROBLEMS}/idempotency-key-in-use")
    assert second.headers["Retry-After"] == "5"
    assert answers[0].status_code == 201
    assert keyed("POST", RUNS).json == answers[0].json


@pytest.fixture(params=["gone", "zombie"])
def dead(request):
    """The process of a request that has died, and whose parent has asked for its end, or not."""
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    started = psutil.Process(pid).create_time()
    if request.param == "gone":
        os.waitpid(pid, 0)
    yield f"{pid} {started}"
    if request.param == "zombie":
        os.waitpid(pid, 0)


def test_a_process_that_died_gives_its_key_up(keyed, dag, session, dead):
    """Where the first request's process has died before it committed anything, the second does what was asked for."""
    rows = update(idempotency_keys.TABLE)
    assert keyed("POST", RUNS, json={"run_id": "r1"}).status_code == 201
    session.query(DagRun).filter(DagRun.dag_id == "doors").delete()
    session.execute(rows.values(answer=None))
    session.commit()
    assert keyed("POST", RUNS, json={"run_id": "r1"}).json["type"] == f"{PROBLEMS}/idempotency-key-in-use"
    session.execute(rows.values(process=dead))
    session.commit()
    again = keyed("POST", RUNS, json={"run_id": "r1"})
    assert (again.status_code, replayed_answers.REPLAYED in again.headers) == (201, False)
    assert keyed("POST", RUNS, json={"run_id": "r1"}).headers[replayed_answers.REPLAYED] == "true"


def test_a_process_of_another_host_gives_its_key_up_in_time():
    """What another host's process does is known by the time that a request can last."""
    idempotency_keys.claim(KEY, user="ada", request="r", seconds=100)
    rows = update(idempotency_keys.TABLE)
    with airflow_settings.engine.begin() as connection:
        connection.execute(rows.values(hostname="elsewhere"))
    with pytest.raises(IdempotencyKeyInUse):
        idempotency_keys.claim(KEY, user="ada", request="r", seconds=100)
    with airflow_settings.engine.begin() as connection:
        connection.execute(rows.values(held_until=timezone.utcnow() - timedelta(seconds=1)))
    taken = idempotency_keys.claim(KEY, user="ada", request="r", seconds=100)
    assert taken.is_repeated


def test_a_key_that_was_taken_over_writes_no_answer(session):
    """Whoever comes back after the key was taken over commits nothing."""
    first = idempotency_keys.claim(KEY, user="ada", request="r", seconds=100)
    idempotency_keys.let_go(first)
    idempotency_keys.claim(KEY, user="ada", request="r", seconds=100)
    with pytest.raises(IdempotencyKeyInUse):
        idempotency_keys.write_answer(first, {}, session=session)


def test_a_key_is_forgotten_after_a_day(keyed, dag, session):
    """After 24 hours the key is as good as new."""
    assert keyed("POST", RUNS, json={"run_id": "r1"}).status_code == 201
    a_day_ago = timezone.utcnow() - idempotency_keys.KEPT
    session.execute(update(idempotency_keys.TABLE).values(created_at=a_day_ago))
    session.commit()
    assert keyed("POST", RUNS, json={"run_id": "r2"}).status_code == 201


def test_a_deploy_whose_rows_were_not_taken_goes_on(keyed, session, monkeypatch):
    """A deploy that had stored its files when the database went away is gone on with, and answered as a first one."""
    from openmetadata_airflow_apis.deploy import deployment

    def fail(*_, **__) -> None:
        raise Unavailable("The workflow `keyed` is stored, but Airflow's database did not take it")

    with monkeypatch.context() as patch:
        patch.setattr(deployment, "write_rows", fail)
        assert keyed("POST", f"{TYPED}/dags", json=WORKFLOW).status_code == 503
    again = keyed("POST", f"{TYPED}/dags", json=WORKFLOW)
    assert (again.status_code, again.json["created"], again.json["changed"], again.json["version_number"]) == (
        201,
        True,
        True,
        1,
    )
    assert keyed("POST", f"{TYPED}/dags", json=WORKFLOW).headers[replayed_answers.REPLAYED] == "true"
    assert keyed("POST", f"{TYPED}/dags", key="another", json=WORKFLOW).status_code == 409


def test_two_at_once_make_one_run(keyed, dag, session):
    """Of requests that come at the same moment one is done; the others are told that it is under way, or its answer."""
    for number in range(10):
        barrier, answers = threading.Barrier(3), []

        def send(key: str = str(number), barrier=barrier, answers=answers) -> None:
            barrier.wait()
            answers.append(keyed("POST", RUNS, key=key))

        threads = [threading.Thread(target=send) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done = [answer.json["run_id"] for answer in answers if answer.status_code == 201]
        assert len(set(done)) == 1
        assert {answer.status_code for answer in answers} <= {201, 409}
        session.rollback()
        assert session.query(DagRun).filter(DagRun.dag_id == "doors").count() == number + 1
