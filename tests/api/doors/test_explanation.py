"""Why did it fail, why isn't it starting: explain_dag_run at the typed door, whole bodies."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from openmetadata_airflow_apis.runs import logged_failures
from support import dag_runs
from support.airflow_home import USERS

ONE = "/dags/doors/dagRuns/one"
DAY = "2026-01-02T00:00"
LOG = """\
[2026-01-02T00:00:01.000+0000] {taskinstance.py:2885} INFO - Starting attempt 1 of 1
[2026-01-02T00:00:02.000+0000] {taskinstance.py:3337} ERROR - Task failed with exception
Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/airflow/models/taskinstance.py", line 776, in _execute_task
    result = _execute_callable(context=context)
             ^^^^^^^^^^^^^^^^^
  File "/opt/airflow/dags/doors.py", line 7, in first
    rows["2026"]
KeyError: '2026'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/opt/airflow/dags/doors.py", line 9, in first
    raise ValueError("no rows") from error
ValueError: no rows
[2026-01-02T00:00:03.000+0000] {taskinstance.py:1242} INFO - Marking task as FAILED. dag_id=doors, task_id=first
[2026-01-02T00:00:03.000+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1
"""
LINES = [
    "[2026-01-02T00:00:01.000+0000] {taskinstance.py:2885} INFO - Starting attempt 1 of 1",
    "[2026-01-02T00:00:02.000+0000] {taskinstance.py:3337} ERROR - Task failed with exception",
    "Traceback (most recent call last):",
    "  … 1 frame of Airflow's own code",
    '  File "/opt/airflow/dags/doors.py", line 7, in first',
    '    rows["2026"]',
    "KeyError: '2026'",
    "",
    "The above exception was the direct cause of the following exception:",
    "",
    "Traceback (most recent call last):",
    '  File "/opt/airflow/dags/doors.py", line 9, in first',
    '    raise ValueError("no rows") from error',
    "ValueError: no rows",
]
FAILURE = {
    "task_id": "first",
    "map_index": -1,
    "state": "failed",
    "try_number": 1,
    "max_tries": 0,
    "operator": "EmptyOperator",
    "hostname": "worker-1",
    "start_date": f"{DAY}:00.000000Z",
    "end_date": f"{DAY}:30.000000Z",
    "duration": 30.0,
    "kind": "exception",
    "reason": "ValueError: no rows",
    "exception": "ValueError: no rows",
    "causes": ["KeyError: '2026'"],
    "place": "/opt/airflow/dags/doors.py, line 9 in first",
    "exit_code": None,
    "after_failure_of": [],
    "log_lines": LINES,
    "log_problem": None,
}
WITHOUT_LOG = {"exception": None, "causes": [], "place": None, "exit_code": None, "log_lines": None}
CALLS = [
    {
        "operation_id": "task_log",
        "method": "GET",
        "path": f"/rest_api/api{ONE}/taskInstances/first/logs?try_number=1",
        "body": None,
        "reason": "Shows all of the log of `first`.",
    },
    {
        "operation_id": "restart_failed_task",
        "method": "POST",
        "path": f"/rest_api/api{ONE}/restart",
        "body": None,
        "reason": "Runs again what failed, with everything downstream, once the cause is mended.",
    },
    {
        "operation_id": "skip_task_instance",
        "method": "POST",
        "path": f"/rest_api/api{ONE}/taskInstances/first/skip",
        "body": None,
        "reason": "Goes on without `first`, where that will do.",
    },
    {
        "operation_id": "succeed_task_instance",
        "method": "POST",
        "path": f"/rest_api/api{ONE}/taskInstances/first/succeed",
        "body": None,
        "reason": "Goes on as if `first` had succeeded, where its work is done.",
    },
]
EXPLANATION = {
    "dag_id": "doors",
    "run_id": "one",
    "state": "failed",
    "summary": "The run failed. `first` failed: ValueError: no rows (caused by KeyError: '2026'). "
    "Because of that 2 task instances did not run (upstream_failed).",
    "task_instance_counts": {"failed": 1, "upstream_failed": 2},
    "run_reasons": [],
    "failures": [FAILURE],
    "total_failures": 1,
    "waiting": [],
    "total_waiting": 0,
    "import_error": None,
    "logs_withheld": None,
    "calls": CALLS,
}


@pytest.fixture
def explain(typed_door):
    """Explain a run of the DAG `doors`; return the body without the moment it was made at."""

    def ask(run_id: str = "one", **arguments):
        status, body = typed_door("GET", f"/dags/doors/dagRuns/{run_id}/explanation", **arguments)
        assert status == 200, body
        assert body.pop("as_of")
        return body

    return ask


@pytest.fixture
def failed_run(dag, session):
    """Run `one`, whose task `first` failed, and the others were not run."""
    states = {"first": "failed", "second": "upstream_failed", "third": "upstream_failed"}
    dag_runs.new_run(dag, session, states, run_id="one", run_state="failed", hostname="worker-1")


def test_why_it_failed(explain, failed_run, write_log):
    """Of a failed run the answer has the exception's own sentence, the log's last lines, and the calls that help."""
    write_log(LOG)
    assert explain() == EXPLANATION


def test_a_log_that_is_gone(explain, failed_run, session, log_folder):
    """Where there is no log, that is said, and why the task failed is told from what else is known."""
    from airflow.models.taskinstance import TaskInstance

    session.query(TaskInstance).filter_by(task_id="first").update({"hostname": ""})
    session.commit()
    reason = (
        "It never began: its worker could not start it, as when the DAG can't be imported there "
        '("Dag … could not be found"); the worker\'s own log says more.'
    )
    assert explain()["failures"] == [
        {
            **FAILURE,
            **WITHOUT_LOG,
            "hostname": None,
            "kind": "not_started",
            "reason": reason,
            "log_problem": "There is no log: there is no file of it here, and no host is known that ran it.",
        }
    ]


def test_a_log_server_that_does_not_answer(explain, dag, session, log_folder, secret_key, monkeypatch):
    """Of several logs on a host that does not answer one is waited for; the answer comes in time, and says so."""
    monkeypatch.setenv("AIRFLOW__WEBSERVER__LOG_FETCH_TIMEOUT_SEC", "1")
    states = dict.fromkeys(["first", "second", "third"], "failed")
    dag_runs.new_run(dag, session, states, run_id="one", run_state="failed", hostname="127.0.0.1")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT", str(listener.getsockname()[1]))
        started = time.monotonic()
        body = explain()
    assert time.monotonic() - started < 3
    problem = "The log is on the host 127.0.0.1, whose log server does not answer (no answer in time)."
    assert [failure["log_problem"] for failure in body["failures"]] == [problem] * 3


@pytest.fixture
def failed_at(dag, session):
    """Make run `one`, whose tasks `first` and `second` failed on this host, or on none that is known."""

    def make(hostname: str) -> None:
        states = dict.fromkeys(["first", "second"], "failed")
        dag_runs.new_run(dag, session, states, run_id="one", run_state="failed", hostname=hostname)

    return make


def test_a_missing_log_is_one_tasks_alone(explain, failed_at, write_log, log_server, remote_store):
    """Where it takes long to find that a log is missing, the other logs on that host are read all the same."""
    failed_at("127.0.0.1")
    write_log(LOG, task="second", folder=log_server)
    seconds = iter([1.5])

    def nothing() -> str:
        threading.Event().wait(next(seconds, 0))
        return ""

    remote_store(nothing)
    told = [(failure["log_problem"], failure["log_lines"]) for failure in explain()["failures"]]
    assert told == [("There is no log: the log server of the host 127.0.0.1 has no such file.", None), (None, LINES)]


def test_tasks_without_a_host_have_nothing_in_common(explain, failed_at, log_folder, remote_store, monkeypatch):
    """Where the store did not answer for a task whose host is not known, it is asked for the next such task."""
    monkeypatch.setattr(logged_failures, "_SECONDS_OF_ONE", 2)
    failed_at("")
    over = threading.Event()
    hanging = iter([True])

    def hang_once() -> str:
        if next(hanging, False):
            over.wait(60)
        return LOG

    remote_store(hang_once)
    try:
        told = [(failure["log_problem"], failure["log_lines"]) for failure in explain()["failures"]]
    finally:
        over.set()
    assert told == [("The store of task logs does not answer in time; try again later.", None), (None, LINES)]


def test_a_log_of_200_megabytes_with_binary_bytes(explain, failed_run, write_log):
    """Of a long log its end is read, whatever bytes are in it."""
    path = write_log(b"\xff\xfe binary \x00\n")
    with path.open("r+b") as file:
        file.truncate(200 * 1024 * 1024)
        file.seek(0, 2)
        file.write(b"\n\xff\x00 more\n" + LOG.encode())
    started = time.monotonic()
    body = explain()
    assert time.monotonic() - started < 3
    assert body == {**EXPLANATION, "failures": [{**FAILURE, "log_lines": ["\ufffd\x00 more", *LINES]}]}


def test_a_paused_dag(explain, dag, session):
    """The run of a paused DAG waits for somebody to unpause it; the call for that is Airflow's own."""
    from airflow.models.dag import DagModel

    dag_runs.new_run(dag, session, run_id="one", run_state="queued")
    session.query(DagModel).filter_by(dag_id="doors").update({"is_paused": True})
    session.add(scheduler())
    session.commit()
    paused = {"name": "Dag Not Paused", "reason": "The DAG is paused.", "until": None}
    assert explain() == {
        "dag_id": "doors",
        "run_id": "one",
        "state": "queued",
        "summary": "The run is queued. The DAG is paused. 3 task instances wait.",
        "task_instance_counts": {"no_status": 3},
        "run_reasons": [paused],
        "failures": [],
        "total_failures": 0,
        "waiting": [
            waiting("first", paused),
            waiting("second", behind("first")),
            waiting("third", behind("second")),
        ],
        "total_waiting": 3,
        "import_error": None,
        "logs_withheld": None,
        "calls": [
            {
                "operation_id": "patch_dag",
                "method": "PATCH",
                "path": "/rest_api/api/dags/doors",
                "body": {"is_paused": False},
                "reason": "Unpauses the DAG; its runs then go on.",
            }
        ],
    }


def scheduler():
    """The row of a scheduler whose heartbeat came just now."""
    from airflow.jobs.job import Job
    from airflow.utils import timezone

    return Job(job_type="SchedulerJob", state="running", latest_heartbeat=timezone.utcnow())


def waiting(task_id: str, *reasons, state=None, **more):
    """What a task waits for."""
    body = {"task_id": task_id, "map_index": -1, "count": 1, "state": state, "since": None, "reasons": list(reasons)}
    return {**body, **more}


def behind(task_id: str):
    """The reason of a task that waits for the one before it."""
    return {
        "name": "Trigger Rule",
        "reason": "Its trigger rule all_success wants the one upstream to succeed; so far: 1 not done. "
        f"It waits for `{task_id}` (not scheduled yet).",
        "until": None,
    }


@pytest.fixture(autouse=True)
def no_schedulers(session):
    """Take the schedulers away that a test has put into the database."""
    from airflow.jobs.job import Job

    yield
    session.rollback()
    session.query(Job).filter_by(job_type="SchedulerJob").delete()
    session.commit()


def test_paths_carry_the_webservers_prefix_and_escape_names(call, dag, session, log_folder):
    """The paths of calls are ready to be sent: with what the webserver is behind, and ids in their escaped form."""
    run_id = "manual__2026-01-02T00:00:00+00:00"
    dag_runs.new_run(dag, session, {"first": "failed"}, run_id=run_id, run_state="failed", hostname="")
    path = "/rest_api/api/dags/doors/dagRuns/manual__2026-01-02T00%3A00%3A00%2B00%3A00"
    body = call("GET", f"{path}/explanation", environ_overrides={"SCRIPT_NAME": "/airflow"}).json
    assert body["calls"][1]["path"] == f"/airflow{path}/restart"


def test_what_is_not_there(typed_door, dag):
    """A run, or a DAG, that does not exist is 404."""
    assert typed_door("GET", "/dags/doors/dagRuns/never/explanation")[0] == 404
    assert typed_door("GET", "/dags/nowhere/dagRuns/never/explanation")[0] == 404


@pytest.mark.parametrize("user", sorted(USERS))
def test_each_role_may_ask(explain, failed_run, write_log, user):
    """Every built-in role may ask, and gets the same."""
    write_log(LOG)
    assert explain(user=user) == EXPLANATION
