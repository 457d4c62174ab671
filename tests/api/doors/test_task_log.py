"""The logs of tasks: parts of them, their ends, and where they are kept."""

from __future__ import annotations

import logging
import socket
import threading
import time
import tracemalloc

import pytest

from openmetadata_airflow_apis.runs import task_logs
from support import dag_runs
from support.versions import AIRFLOW

RUN = "/dags/doors/dagRuns/one"
LOGS = f"{RUN}/taskInstances/first/logs"
TEXT = {"Accept": "text/plain"}
FIRST = "[2026-01-02T00:00:01.000+0000] {first.py:1} INFO - begun\n"
SECOND = "[2026-01-02T00:00:02.000+0000] {first.py:2} INFO - größer\n"
MEBIBYTE = 1024 * 1024

pytestmark = pytest.mark.usefixtures("secret_key")


@pytest.fixture
def run(dag, session):
    """Make run `one`, its task `first` in a state; columns: further ones of it."""

    def make(state: str | None = "failed", **columns) -> None:
        dag_runs.new_run(dag, session, {"first": state}, run_id="one", **{"hostname": "worker-1", **columns})

    return make


def told(**more):
    """The body of an answer about the latest try of `first`."""
    body = {
        "dag_id": "doors",
        "run_id": "one",
        "task_id": "first",
        "map_index": -1,
        "try_number": 1,
        "state": "failed",
        "hostname": "worker-1",
        "offset": 0,
    }
    return {**body, **more}


def test_a_whole_log(typed_door, run, write_log):
    """The log of a task that has ended comes whole, and nothing comes after it."""
    run()
    write_log(FIRST + SECOND)
    length = len((FIRST + SECOND).encode())
    assert typed_door("GET", LOGS) == (200, told(next_offset=length, end_of_log=True, content=FIRST + SECOND))


def test_a_log_as_text(call, run, write_log):
    """Whoever accepts text/plain gets the log's own bytes; offset skips some."""
    run()
    write_log(FIRST + SECOND)
    whole = call("GET", f"/rest_api/api{LOGS}", headers=TEXT)
    rest = call("GET", f"/rest_api/api{LOGS}?offset={len(FIRST)}", headers=TEXT)
    assert (whole.status_code, whole.content_type, whole.text) == (200, "text/plain; charset=utf-8", FIRST + SECOND)
    assert rest.text == SECOND
    assert whole.headers["X-Content-Type-Options"] == "nosniff"


def test_json_is_answered_to_whoever_takes_both(call, run, write_log):
    """A generated client, which accepts both, and curl, which accepts all, get JSON."""
    run()
    write_log(FIRST)
    for accept in ("*/*", "application/json, text/plain", "text/plain, application/json", "text/plain;q=0.1, */*"):
        assert call("GET", f"/rest_api/api{LOGS}", headers={"Accept": accept}).json["content"] == FIRST


def test_a_running_tasks_log_is_followed(typed_door, run, write_log):
    """next_offset goes on where the last answer ended, and a character that is half written waits for its rest."""
    run("running")
    head, rest = (FIRST + SECOND).encode().split(b"\xb6")
    write_log(head + b"")
    first = typed_door("GET", LOGS)[1]
    write_log(head + b"\xb6" + rest)
    second = typed_door("GET", f"{LOGS}?offset={first['next_offset']}")[1]
    assert not first["content"].endswith("\ufffd")
    assert first["content"] + second["content"] == FIRST + SECOND
    assert (first["end_of_log"], second["end_of_log"]) == (False, False)
    nothing_yet = typed_door("GET", f"{LOGS}?offset={second['next_offset']}")[1]
    assert (nothing_yet["content"], nothing_yet["next_offset"]) == ("", second["next_offset"])


def test_the_last_lines(typed_door, call, run, write_log):
    """tail_lines gives the last lines, and the offset to follow them from."""
    run("running")
    write_log(FIRST + SECOND)
    length = len((FIRST + SECOND).encode())
    body = typed_door("GET", f"{LOGS}?tail_lines=1")[1]
    assert body == told(state="running", offset=len(FIRST), next_offset=length, end_of_log=False, content=SECOND)
    assert typed_door("GET", f"{LOGS}?tail_lines=9")[1]["content"] == FIRST + SECOND
    assert call("GET", f"/rest_api/api{LOGS}?tail_lines=1", headers=TEXT).text == SECOND


def test_tail_lines_and_offset_exclude_each_other(typed_door, run, write_log):
    """Asking for the last lines from an offset on is refused."""
    run()
    write_log(FIRST)
    status, body = typed_door("GET", f"{LOGS}?tail_lines=1&offset=1")
    assert (status, body["detail"]) == (
        400,
        "The argument 'tail_lines' cannot be combined with offset; send one of them",
    )
    # Some generated clients send every default.
    assert typed_door("GET", f"{LOGS}?tail_lines=1&offset=0") == typed_door("GET", f"{LOGS}?tail_lines=1")


def test_tries_before_the_latest(typed_door, run, write_log):
    """try_number chooses a try; without it the latest is meant, and one that has not been is refused."""
    run("running", tries=2)
    write_log(FIRST)
    write_log(SECOND, attempt=2)
    assert [typed_door("GET", LOGS)[1][name] for name in ("try_number", "content")] == [2, SECOND]
    former = typed_door("GET", f"{LOGS}?try_number=1")[1]
    assert former == told(next_offset=len(FIRST), end_of_log=True, content=FIRST)
    status, body = typed_door("GET", f"{LOGS}?try_number=3")
    assert (status, body["detail"]) == (400, "The argument 'try_number' is 3; the task has had 2 tries")


def test_a_task_that_has_not_begun(typed_door, run):
    """The log of a task that waits for its first try is empty, and more comes."""
    run(None)
    body = told(try_number=0, state=None, hostname=None, next_offset=0, end_of_log=False, content="")
    assert typed_door("GET", LOGS) == (200, body)
    status, body = typed_door("GET", f"{LOGS}?try_number=1")
    assert (status, body["detail"]) == (400, "The argument 'try_number' is 1; the task has not been tried yet")


def test_a_log_that_is_gone(typed_door, run):
    """A try whose log is nowhere is 404, and says so."""
    run(hostname="")
    status, body = typed_door("GET", LOGS)
    assert (status, body) == (
        404,
        {
            "type": "/rest_api/api/problems/task-log-not-found",
            "title": "Not Found",
            "status": 404,
            "detail": "Try 1 of the task `first` in the DagRun `one` of the DAG `doors` has no log: "
            "there is no file of it here, and no host is known that ran it",
        },
    )


def test_a_task_that_was_not_run(typed_door, run):
    """A skipped task has no log, which is said with its reason."""
    run("skipped", tries=0, hostname="")
    status, body = typed_door("GET", LOGS)
    assert (status, body["detail"].partition("has no log: ")[2]) == (404, "it is skipped and was not run")


def test_a_mapped_task_needs_its_index(typed_door, session, log_folder):
    """A mapped task has a log for each index; without one, the answer says which there are."""
    from airflow.operators.bash import BashOperator

    with dag_runs.new_dag("doors") as dag:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * 3)
    dag_runs.store(dag, session)
    dag_runs.new_run(dag, session, {"mapped": "success"}, run_id="one", hostname="worker-1")
    path = log_folder / "run_id=one/task_id=mapped/map_index=2/attempt=1.log"
    path.parent.mkdir(parents=True)
    path.write_text(FIRST)
    logs = f"{RUN}/taskInstances/mapped/logs"
    status, body = typed_door("GET", logs)
    assert (status, body["detail"]) == (
        400,
        "The argument 'map_index' is missing: `mapped` is mapped; give one from 0 to 2",
    )
    assert typed_door("GET", f"{logs}?map_index=2")[1]["content"] == FIRST
    assert typed_door("GET", f"{logs}?map_index=3")[0] == 404


def test_bytes_that_are_no_text(typed_door, call, run, write_log):
    """Binary bytes in a log are replaced in JSON, whose offsets count the log's own bytes, and are kept in text."""
    run()
    content = b"before \xff\xfe\x00 after\n"
    write_log(content)
    body = typed_door("GET", LOGS)[1]
    assert (body["content"], body["next_offset"]) == ("before \ufffd\ufffd\x00 after\n", len(content))
    assert call("GET", f"/rest_api/api{LOGS}", headers=TEXT).data == content


def test_a_log_of_200_megabytes(typed_door, call, run, write_log):
    """Of a very long log JSON gives a mebibyte at a time, text all, its end without the rest; memory stays small."""
    run()
    path = write_log(FIRST)
    size = 200 * MEBIBYTE
    with path.open("r+b") as file:
        file.truncate(size - len(SECOND.encode()))
        file.seek(0, 2)
        file.write(SECOND.encode())
    tracemalloc.start()
    page = typed_door("GET", LOGS)[1]
    following = typed_door("GET", f"{LOGS}?offset={size - MEBIBYTE - 5}")[1]
    last = typed_door("GET", f"{LOGS}?offset={following['next_offset']}")[1]
    started = time.monotonic()
    tail = typed_door("GET", f"{LOGS}?tail_lines=1")[1]
    took = time.monotonic() - started
    with call("GET", f"/rest_api/api{LOGS}", headers=TEXT, buffered=False) as whole:
        streamed = sum(len(piece) for piece in whole.iter_encoded())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (page["offset"], page["next_offset"], page["end_of_log"]) == (0, MEBIBYTE, False)
    assert (following["end_of_log"], last["end_of_log"], last["content"]) == (False, True, "ßer\n")
    assert (tail["next_offset"], tail["content"][-len(SECOND) :]) == (size, SECOND)
    assert streamed == size
    assert took < 2
    assert peak < 40 * MEBIBYTE


def test_a_worker_and_a_triggerer_wrote_it(typed_door, run, write_log):
    """What a task's worker and the triggerer wrote comes in the order of its time, a record's lines together."""
    run()
    worker = [
        "[2026-01-02T00:00:01.000+0000] INFO - defers\n",
        "[2026-01-02T00:00:05.000+0000] ERROR - fails\nTraceback\n",
    ]
    triggerer = "[2026-01-02T00:00:03.000+0000] INFO - waits\nfor long\n"
    write_log("".join(worker))
    write_log(triggerer, suffix=".trigger.7.log")
    whole = worker[0] + triggerer + worker[1]
    body = typed_door("GET", LOGS)[1]
    assert (body["content"], body["next_offset"]) == (whole, len(whole))
    assert typed_door("GET", f"{LOGS}?offset={len(worker[0])}")[1]["content"] == triggerer + worker[1]
    tail = typed_door("GET", f"{LOGS}?tail_lines=3")[1]
    assert (tail["content"], tail["next_offset"]) == ("for long\n" + worker[1], len(whole))


def test_a_log_on_its_worker(typed_door, call, run, write_log, log_server):
    """A log that is on its worker alone is read from the worker's log server, no more of it than is wanted."""
    run(hostname="127.0.0.1")
    write_log(FIRST + SECOND, folder=log_server)
    length = len((FIRST + SECOND).encode())
    body = told(hostname="127.0.0.1", next_offset=length, end_of_log=True, content=FIRST + SECOND)
    assert typed_door("GET", LOGS) == (200, body)
    assert typed_door("GET", f"{LOGS}?offset={len(FIRST)}")[1]["content"] == SECOND
    assert typed_door("GET", f"{LOGS}?offset={length}")[1]["content"] == ""
    assert typed_door("GET", f"{LOGS}?tail_lines=1")[1] == {**body, "offset": len(FIRST), "content": SECOND}
    assert call("GET", f"/rest_api/api{LOGS}", headers=TEXT).text == FIRST + SECOND


def test_an_empty_log_on_its_worker(typed_door, run, write_log, log_server):
    """A log that is still empty on its worker is empty."""
    run("running", hostname="127.0.0.1")
    write_log("", folder=log_server)
    assert typed_door("GET", LOGS)[1]["content"] == ""


def test_a_worker_without_the_log(typed_door, run, log_server):
    """A worker that has no such log makes it 404 where the task has ended, and an empty log where it runs."""
    run(hostname="127.0.0.1")
    status, body = typed_door("GET", LOGS)
    assert (status, body["detail"].partition("has no log: ")[2]) == (
        404,
        "the log server of the host 127.0.0.1 has no such file",
    )


def test_a_worker_with_another_key(typed_door, run, write_log, log_server, monkeypatch):
    """A worker whose secret key is another's refuses, and the answer says what to look at."""
    run(hostname="127.0.0.1")
    write_log(FIRST, folder=log_server)
    monkeypatch.setenv("AIRFLOW__WEBSERVER__SECRET_KEY", "another-key-than-its-" * 4)
    status, body = typed_door("GET", LOGS)
    assert status == 503
    assert body["detail"] == (
        "The log server of the host 127.0.0.1 refuses this webserver: "
        "[webserver] secret_key must be the same on both, and their clocks right"
    )


def test_a_worker_that_does_not_answer(typed_door, run, log_folder, monkeypatch):
    """A log server that takes the connection and says nothing is given up after [webserver] log_fetch_timeout_sec."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__LOG_FETCH_TIMEOUT_SEC", "1")
    run(hostname="127.0.0.1")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", str(listener.getsockname()[1]))
        started = time.monotonic()
        status, body = typed_door("GET", LOGS)
    assert (status, body["detail"]) == (
        503,
        "The log is on the host 127.0.0.1, whose log server does not answer (no answer in time)",
    )
    assert time.monotonic() - started < 5


def test_a_worker_that_is_gone(typed_door, run, log_folder, monkeypatch):
    """A host where no log server listens any more is named."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", str(port))
    run(hostname="127.0.0.1")
    assert typed_door("GET", LOGS)[1]["detail"] == (
        "The log is on the host 127.0.0.1, whose log server does not answer (no connection)"
    )


def test_a_remote_log(typed_door, run, log_folder, remote_store):
    """A log in a remote store is read through Airflow's handler."""
    remote_store(lambda: FIRST)
    run()
    assert typed_door("GET", LOGS)[1]["content"] == FIRST


def test_a_remote_log_of_a_task_that_goes_on(typed_door, run, write_log, remote_store):
    """What a remote store and this host both have of a task that runs comes once."""
    remote_store(lambda: FIRST)
    run("running")
    write_log(FIRST + SECOND)
    assert typed_door("GET", LOGS)[1]["content"] == FIRST + SECOND


def test_a_remote_store_that_fails(typed_door, run, log_folder, remote_store):
    """A remote store that raises makes it 503, with the store's own words."""

    def fail() -> str:
        raise PermissionError("no such bucket")

    remote_store(fail)
    run()
    status, body = typed_door("GET", LOGS)
    assert (status, body["detail"]) == (
        503,
        "The store of task logs can't be read: PermissionError: no such bucket",
    )


def test_a_remote_store_that_does_not_answer(typed_door, run, log_folder, remote_store, monkeypatch):
    """A remote store that hangs is given up in time."""
    monkeypatch.setattr(task_logs, "_SECONDS", 0.3)
    over = threading.Event()

    def hang() -> str:
        over.wait(60)
        return ""

    remote_store(hang)
    run()
    status, body = typed_door("GET", LOGS)
    over.set()
    assert (status, body["detail"]) == (503, "The store of task logs does not answer in time; try again later")


def test_a_store_that_gives_pieces(typed_door, run, monkeypatch, app):
    """A store that gives a log in pieces, as Elasticsearch does, is read to its end through Airflow's reader."""
    # A fake: a handler of this interface, in place of one that needs a server of its own.

    class InPieces(logging.Handler):
        def read(self, task_instance, try_number=None, metadata=None):
            position = metadata.get("offset", 0)
            lines = [FIRST, SECOND]
            return [[("worker-1", lines[position].strip())]], [{"offset": position + 1, "end_of_log": position == 1}]

    handler = InPieces()
    handler.name = "task"
    monkeypatch.setattr(logging.getLogger("airflow.task"), "handlers", [handler])
    run()
    body = typed_door("GET", LOGS)[1]
    assert (body["content"], body["end_of_log"]) == (FIRST + SECOND, True)
    assert typed_door("GET", f"{LOGS}?tail_lines=1")[1]["content"] == SECOND
    assert typed_door("GET", f"{LOGS}?offset={len(FIRST)}")[1]["content"] == SECOND


def test_no_reader_of_logs(typed_door, run, monkeypatch, app):
    """Where [logging] task_log_reader names no handler that can read, that is said."""
    monkeypatch.setattr(logging.getLogger("airflow.task"), "handlers", [])
    run()
    status, body = typed_door("GET", LOGS)
    assert (status, body["detail"].partition("has no log: ")[2]) == (
        404,
        "[logging] task_log_reader names no handler that can read logs",
    )


@pytest.mark.skipif(AIRFLOW < (2, 10), reason="Airflow < 2.10 keeps no history of tries")
def test_a_former_try_on_another_worker(typed_door, dag, session, run, write_log, log_server):
    """The log of a try before the latest is asked of the worker that ran that one."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancehistory import TaskInstanceHistory

    run(hostname="127.0.0.1")
    session.add(TaskInstanceHistory(session.query(TaskInstance).filter_by(dag_id="doors", task_id="first").one()))
    session.commit()
    session.query(TaskInstance).filter_by(dag_id="doors", task_id="first").update(
        {"try_number": 2, "hostname": "nowhere.invalid"}
    )
    session.commit()
    write_log(FIRST, folder=log_server)
    assert typed_door("GET", f"{LOGS}?try_number=1")[1]["content"] == FIRST


def test_what_is_not_there(typed_door, run):
    """The DAG, the run and the task are looked for in turn."""
    run()
    assert typed_door("GET", "/dags/nowhere/dagRuns/one/taskInstances/first/logs")[0] == 404
    assert typed_door("GET", "/dags/doors/dagRuns/never/taskInstances/first/logs")[0] == 404
    status, body = typed_door("GET", f"{RUN}/taskInstances/nope/logs")
    assert (status, body["detail"]) == (
        404,
        "The task with task_id: `nope` was not found in the DagRun `one` of the DAG `doors`",
    )
