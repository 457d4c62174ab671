"""What explain_dag_run says of failures and waits on other nodes, whole: logs come from the workers' log servers."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from support.explanations import (
    DAGS,
    behind,
    call,
    failed,
    failure,
    group,
    line_of,
    log_lines,
    plain,
    reason,
    waits,
)
from support.memory_limits import limited_memory
from support.node_runs import trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psutil

    from support.client import Client
    from support.nodes import LargeInstallation

WORKERS = ("worker-1", "worker-2")
MORE_DAGS = """
import logging


def runs_out_of_memory():
    Path("JOIN_LIMITED_GROUP").write_text("0")
    taken = []
    while True:
        taken.append(b"x" * 10_000_000)


def talks_much():
    handlers = [*logging.getLogger().handlers, *logging.getLogger("airflow.task").handlers]
    (log,) = {handler.handler.baseFilename for handler in handlers if hasattr(handler, "handler")}
    with open(log, "ab") as file:
        for _ in range(200):
            file.write(os.urandom(1024) * 1024)
        file.write(b"\\n")
    raise ValueError("all said")


for function in (runs_out_of_memory, talks_much):
    with dag("why_" + function.__name__):
        PythonOperator(task_id="work", python_callable=function) >> EmptyOperator(task_id="after")

for name, queue in (("why_power_cut", "worker-2"), ("why_silent", "worker-1"), ("why_unserved", "gpu")):
    with dag(name):
        BashOperator(task_id="work", bash_command="sleep 4321", queue=queue) >> EmptyOperator(task_id="after")
"""
RUNS = [
    ("why_raises", "r"),
    ("why_raises_from", "r"),
    ("why_kills_itself", "r"),
    ("why_loses_its_worker", "r"),
    ("why_exits", "r"),
    ("why_times_out", "r"),
    ("why_not_there", "r"),
    ("why_narrow", "r"),
    ("why_paused", "r"),
    ("why_past", "first"),
    ("why_past", "second"),
    ("why_crowded", "r"),
    ("why_many", "r"),
    ("why_deferred", "r"),
    ("why_runs_out_of_memory", "r"),
    ("why_talks_much", "r"),
]


@pytest.fixture(scope="module", autouse=True)
def runs(airflow: LargeInstallation, first: Client) -> Iterator[None]:
    """The runs of RUNS, triggered together; what is left of them is killed in the end."""
    from airflow.models.pool import Pool

    with airflow.session() as session:
        pool = Pool(pool="no_slots", slots=0, description="")
        pool.include_deferred = False
        session.add(pool)
    for worker in WORKERS:
        (airflow.machines[worker].path(airflow.home) / "out").mkdir(exist_ok=True)
    with limited_memory(100 * 1024 * 1024) as join:
        airflow.write_dag("why.py", DAGS + MORE_DAGS.replace("JOIN_LIMITED_GROUP", str(join)))
        for dag_id, run_id in RUNS:
            trigger(first, dag_id, run_id)
        yield
        for dag_id, run_id in RUNS:
            if airflow.run_state(dag_id, run_id) in {"queued", "running"}:
                first.post(f"/rest_api/api/dags/{dag_id}/dagRuns/{run_id}/kill?wait=30")


@pytest.fixture(scope="module")
def explain(airflow: LargeInstallation) -> Callable[..., tuple[dict[str, Any], list[str]]]:
    """Wait until a run's tasks have these states; return its explanation without dates and hosts, and its log lines."""
    client = airflow.client("webserver-2", "viewer")

    def ask(dag_id: str, run_id: str = "r", **states: str | None) -> tuple[dict[str, Any], list[str]]:
        def reached() -> bool:
            return states.items() <= airflow.task_states(dag_id, run_id).items() and (
                "failed" not in states.values() or airflow.run_state(dag_id, run_id) == "failed"
            )

        airflow.wait_for(reached, f"{dag_id} to be {states}", seconds=90)
        answer = client.get(f"/rest_api/api/dags/{dag_id}/dagRuns/{run_id}/explanation")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return plain(body, *WORKERS), log_lines(body)

    return ask


def host_of(airflow: LargeInstallation, dag_id: str) -> str:
    """Return where the task `work` of a run was run."""
    query = "SELECT hostname FROM task_instance WHERE dag_id = :dag_id AND run_id = 'r' AND task_id = 'work'"
    return airflow._scalar(query, dag_id=dag_id)


def logs_of(airflow: LargeInstallation, dag_id: str) -> list[Path]:
    """Return the log files of the task `work` of a run, on the disk of the worker that ran it."""
    disk = airflow.machines[host_of(airflow, dag_id)].path(airflow.home)
    return list(disk.glob(f"logs/dag_id={dag_id}/run_id=r/task_id=work/*.log"))


LOST = (
    "Its process on the host HOST was not heard of any more after DATE, and Airflow failed it: it, or its worker, "
    "was killed or lost its connection to the database."
)


def seconds_since(started: float) -> float:
    """Return how long something has taken."""
    return time.monotonic() - started


def test_an_exception(airflow, explain):
    """The sentence and the lines of an exception come over the network from the worker that ran the task."""
    body, lines = explain("why_raises", work="failed", after="upstream_failed")
    sentence = "ValueError: no rows for 2026-01-01"
    line = line_of("raise ValueError")
    place = f"{airflow.home}/dags/why.py, line {line} in raises"
    assert body == failed(
        "why_raises", f"{sentence}.", kind="exception", reason=sentence, exception=sentence, place=place
    )
    assert "logging_mixin.py INFO - reading rows" in lines
    assert lines[-5:] == [
        "Traceback (most recent call last):",
        "  … 7 frames of Airflow's own code",
        f'  File "{airflow.home}/dags/why.py", line {line}, in raises',
        '    raise ValueError("no rows for 2026-01-01")',
        sentence,
    ]


def test_an_exception_from_another(airflow, explain):
    """A task that raises from an exception is told with both."""
    body, lines = explain("why_raises_from", work="failed", after="upstream_failed")
    sentence, cause = "RuntimeError: could not load", "KeyError: 'table'"
    assert body == failed(
        "why_raises_from",
        f"{sentence} (caused by {cause}).",
        kind="exception",
        reason=sentence,
        exception=sentence,
        causes=[cause],
        place=f"{airflow.home}/dags/why.py, line {line_of('raise RuntimeError')} in raises_from",
    )
    assert (lines[-1], cause in lines) == (sentence, True)


def test_an_exit_code(explain):
    """A command that ends with an exit code is told with it, and with the end of its output."""
    body, lines = explain("why_exits", work="failed", after="upstream_failed")
    sentence = "airflow.exceptions.AirflowException: Bash command failed. The command returned a non-zero exit code 3."
    words = "Its command ended with exit code 3; its output ends with: broken"
    assert body == failed(
        "why_exits",
        f"{words}.",
        kind="exit_code",
        reason=words,
        exception=sentence,
        exit_code=3,
        operator="BashOperator",
    )
    assert lines[-1] == sentence


def test_a_timeout(explain):
    """A task that takes longer than it may is told with how long it may."""
    body, _ = explain("why_times_out", work="failed", after="upstream_failed")
    told = body["failures"][0]
    assert re.fullmatch(r"airflow.exceptions.AirflowTaskTimeout: Timeout, PID: \d+", told["exception"])
    words = "It ran longer than its execution_timeout of 5 seconds."
    assert body == failed(
        "why_times_out",
        words,
        kind="timeout",
        reason=words,
        exception=told["exception"],
        operator="BashOperator",
        place=told["place"],  # wherever the clock stopped it
    )


@pytest.mark.parametrize("dag_id", ["why_kills_itself", "why_runs_out_of_memory"])
def test_a_killed_process(explain, dag_id):
    """A task whose process is killed by SIGKILL, as the kernel does for want of memory, is told as that."""
    body, lines = explain(dag_id, work="failed", after="upstream_failed")
    words = "Its process was killed by SIGKILL, most likely because memory ran out."
    assert body == failed(dag_id, words, kind="killed", reason=words)
    assert lines[-1].startswith("local_task_job_runner.py INFO - Task exited with return code -9")


def test_a_dag_that_its_worker_cannot_find(explain):
    """A task whose worker can't find the DAG, and which has neither host nor log, is told as that."""
    body, _ = explain("why_not_there", work="failed", after="upstream_failed")
    words = (
        "It never began: its worker could not start it, as when the DAG can't be imported there "
        '("Dag … could not be found"); the worker\'s own log says more.'
    )
    assert body == failed(
        "why_not_there",
        words,
        kind="not_started",
        reason=words,
        operator="EmptyOperator",
        hostname=None,
        log_problem="There is no log: there is no file of it here, and no host is known that ran it.",
    )


def test_a_log_of_200_megabytes(airflow, explain):
    """Of a large log of any bytes the end alone is read: the answer is small, quick, and has the exception."""
    airflow.wait_for(lambda: airflow.run_state("why_talks_much", "r") == "failed", "the failure")
    (log,) = (
        airflow.machines[host_of(airflow, "why_talks_much")]
        .path(airflow.home)
        .glob("logs/dag_id=why_talks_much/*/*work/*.log")
    )
    assert log.stat().st_size > 200_000_000
    started = time.monotonic()
    body, lines = explain("why_talks_much")
    assert seconds_since(started) < 5
    assert body["summary"] == (
        "The run failed. `work` failed: ValueError: all said. "
        "Because of that 1 task instance did not run (upstream_failed)."
    )
    assert lines[-1] == "ValueError: all said"
    assert len(str(lines)) < 100_000


def test_a_pool_without_slots(explain):
    """A task whose pool is full tells the pool's numbers, and the call that would widen it."""
    body, _ = explain("why_narrow", work="scheduled")
    full = "It takes 1 slot of the pool `no_slots`, which has 0 in all."
    assert body == waits(
        "why_narrow",
        f"The run is running, with 0 of 2 task instances running. `work` waits: {full} 1 more task instance waits.",
        {"no_status": 1, "scheduled": 1},
        [
            group("work", "scheduled", reason("Pool Slots Available", full), since="DATE"),
            group("after", None, behind("scheduled")),
        ],
        calls=[
            call(
                "patch_pool",
                "PATCH",
                "/api/v1/pools/no_slots?update_mask=slots",
                "Gives the pool `no_slots` 1 slot, which lets one more task of this run start.",
                {"name": "no_slots", "slots": 1},
            )
        ],
    )


def test_a_paused_dag(explain):
    """A run of a paused DAG waits for that, and the call to unpause it is there."""
    body, _ = explain("why_paused", work=None)
    assert body["summary"] == "The run is queued. The DAG is paused. 1 task instance waits."
    assert [each["operation_id"] for each in body["calls"]] == ["patch_dag"]


def test_max_active_tasks(explain):
    """A task of a DAG that has as many under way as it may have, on any worker, waits for one of these."""
    body, _ = explain("why_crowded")
    (waiting,) = body["waiting"]
    words = "Running or queued are 1 of at most 1 task instance of the DAG in all its runs (max_active_tasks)."
    assert waiting == group(
        waiting["task_id"], "scheduled", reason("Task Instance Slots Available", words), since="DATE"
    )


def test_a_deferred_task_without_a_triggerer(explain):
    """A deferred task whose triggerer is not running says so."""
    body, _ = explain("why_deferred", work="deferred")
    trigger = reason("Trigger", "It waits for its trigger DateTimeTrigger to fire.")
    nobody = reason("Triggerer Heartbeat", "No triggerer is running: there never was a heartbeat.")
    assert body["waiting"][0] == group("work", "deferred", trigger, nobody, since="DATE")


def test_a_past_that_failed(airflow, explain):
    """A task that depends on its past, which failed, tells in which run it did, and the calls for that one."""
    airflow.wait_for(lambda: airflow.run_state("why_past", "first") == "failed", "the first run's failure")
    body, _ = explain("why_past", "second", work=None)
    words = "It depends on its past, and in the run before, `first` (failed), it is failed."
    assert body["waiting"] == [group("work", None, reason("Previous Dagrun State", words))]
    assert [(each["operation_id"], each["path"].rpartition("/dagRuns/")[2]) for each in body["calls"]] == [
        ("explain_dag_run", "first/explanation"),
        ("restart_failed_task", "first/restart"),
    ]


def test_three_of_500_mapped_tasks(airflow, explain):
    """Of a mapped task each index that failed is told, with its own exit code, from whichever worker ran it."""
    with airflow.engine.begin() as connection:  # as if all others had been run
        connection.execute(
            text(
                "UPDATE task_instance SET state = 'success' WHERE dag_id = 'why_many' AND map_index NOT IN (7, 70, 98)"
            )
        )
        connection.execute(text("UPDATE dag SET is_paused = false WHERE dag_id = 'why_many'"))
    body, _ = explain("why_many", **{f"work[{index}]": "failed" for index in (7, 70, 98)})
    assert (body["task_instance_counts"], body["total_failures"]) == ({"failed": 3, "success": 497}, 3)
    assert sorted(body["failures"], key=lambda each: each["map_index"]) == [
        failure(
            map_index=index,
            kind="exit_code",
            reason=f"Its command ended with exit code {index}.",
            exception="airflow.exceptions.AirflowException: Bash command failed. "
            f"The command returned a non-zero exit code {index}.",
            exit_code=index,
            operator="BashOperator",
        )
        for index in (7, 70, 98)
    ]


def test_a_log_server_that_does_not_answer(airflow, explain):
    """While a worker is cut off, its task's failure is told without the log, and why, in some seconds."""
    explain("why_raises", work="failed", after="upstream_failed")
    host = host_of(airflow, "why_raises")
    problem = "The log is on the host HOST, whose log server does not answer (no connection)."
    # Whether the kernel says at once that there is no way depends on what it remembers of that host.
    either = re.compile(re.escape("(no answer in time)"))
    airflow.machines[host].unplug()
    try:
        started = time.monotonic()
        body, lines = explain("why_raises")
        took = seconds_since(started)
        started = time.monotonic()
        log = airflow.client("webserver-1").get("/rest_api/api/dags/why_raises/dagRuns/r/taskInstances/work/logs")
        log_took = seconds_since(started)
    finally:
        airflow.machines[host].plug_in()
    words = f"Airflow's database does not say why it failed, and its log can't be read. {problem}"
    told = json.loads(either.sub("(no connection)", json.dumps(body)))
    assert told == failed("why_raises", words, kind="unknown", reason=words, log_problem=problem)
    assert (lines, took < 10) == ([], True)
    detail = either.sub("(no connection)", plain(log.json()["detail"], *WORKERS))
    assert (log.status_code, detail) == (503, problem.rstrip("."))
    assert log_took < 10

    def answers() -> bool:
        return explain("why_raises")[1] != []

    airflow.wait_for(answers, "the log server to be reached again")


def test_a_log_that_is_gone(airflow, explain):
    """A failure whose log has been deleted on the worker is told without it."""
    explain("why_exits", work="failed", after="upstream_failed")
    (log,) = logs_of(airflow, "why_exits")
    kept = log.rename(log.with_suffix(".away"))
    body, _ = explain("why_exits")
    kept.rename(log)
    assert body["failures"][0]["log_problem"] == "There is no log: the log server of the host HOST has no such file."


@pytest.fixture
def unserved(first: Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """The run_id of a run of `why_unserved` of the test's own: Airflow fails a task that nobody takes for minutes."""
    trigger(first, "why_unserved", request.node.name)
    yield request.node.name
    first.post(f"/rest_api/api/dags/why_unserved/dagRuns/{request.node.name}/kill")


# The words for how long a task has been queued.
QUEUED = re.compile(r"It has been queued for \d+ (seconds|minutes?)")


def executor_reason(airflow: LargeInstallation, explain, run_id: str) -> str:
    """Say what the task of `why_unserved` waits for, once it has been queued for so long that workers are asked."""
    query = (
        "SELECT now() - queued_dttm > interval '11 seconds' FROM task_instance WHERE queue = 'gpu' AND run_id = :run"
    )
    airflow.wait_for(lambda: airflow._scalar(query, run=run_id), "the task to have been queued for a while", seconds=90)
    body, _ = explain("why_unserved", run_id, work="queued")
    (queued,) = body["waiting"][0]["reasons"]
    assert queued["name"] == "Executor"
    return QUEUED.sub("It has been queued for TIME", queued["reason"])


def reply_queues(airflow: LargeInstallation) -> str:
    """Return the queues for workers' answers that Redis still knows."""
    members = airflow.command("data", "redis-cli", "-h", "data", "SMEMBERS", "_kombu.binding.reply.celery.pidbox")
    assert members.returncode == 0, members.stderr
    return members.stdout.strip()


def test_a_queue_that_nobody_serves(airflow, explain, unserved):
    """A task in a queue that no worker serves says so, which queues are served and by whom, and the cure."""
    expected = (
        "It has been queued for TIME, and no worker serves the queue `gpu`. Served are `default` by celery@HOST, "
        "celery@HOST; `HOST` by celery@HOST; `HOST` by celery@HOST. Start a worker for it "
        "(`airflow celery worker --queues gpu`), or give the task a queue that is served."
    )
    answers: list[str] = []

    def both_answered() -> bool:  # a worker that is too busy to answer within a second does so later
        answers.append(executor_reason(airflow, explain, unserved))
        return answers[-1] == expected

    airflow.wait_for(both_answered, "both workers to answer in time", seconds=120)
    # What is left of the question is gone when nobody waits for answers any more.
    airflow.wait_for(lambda: reply_queues(airflow) == "", "the queue of the answers to be deleted", seconds=30)


def test_a_broker_that_does_not_answer(airflow, explain, unserved):
    """While the broker hangs, the explanation comes all the same, and says that nobody knows who serves the queue."""
    executor_reason(airflow, explain, unserved)
    redis = airflow.machines["data"].processes("redis-server")
    told: list[str] = []

    def not_known() -> bool:  # an answer from before is kept for some seconds
        told.append(executor_reason(airflow, explain, unserved))
        return "is not known" in told[-1]

    for process in redis:
        process.suspend()
    try:
        airflow.wait_for(not_known, "the broker to be asked again", seconds=90)
        started = time.monotonic()
        executor_reason(airflow, explain, unserved)
        assert seconds_since(started) < 15
    finally:
        for process in redis:
            process.resume()
        os.kill(airflow._processes["redis"].pid, signal.SIGCONT)  # nsenter stops itself with what it has started
    assert re.fullmatch(
        r"It has been queued for TIME: a Celery worker that serves the queue `gpu` has to take it; of that queue "
        r"nothing is running. Whether a worker serves it is not known: Celery's broker (did not answer within a second|"
        r"can't be reached \(\w+\)).",
        told[-1],
    )


def test_a_lost_pool_process(explain):
    """A task whose process, and the one that sends its heartbeats, are killed on the worker is told as lost."""
    body, _ = explain("why_loses_its_worker", work="failed", after="upstream_failed")
    assert body == failed("why_loses_its_worker", LOST, kind="lost_heartbeat", reason=LOST)


def test_a_zombie(airflow, first, explain):
    """A task that is not heard of though its processes are there is told as lost; when they wake up, they end."""
    worker = airflow.machines["worker-1"]
    trigger(first, "why_silent", "r")  # not before: its log would tell of the time when the worker was cut off

    def processes() -> list[psutil.Process]:
        return worker.processes("why_silent") + worker.processes("sleep 4321")

    airflow.wait_for(lambda: worker.processes("sleep 4321"), "the task")
    asleep = processes()
    for process in asleep:
        process.suspend()
    body, _ = explain("why_silent", work="failed", after="upstream_failed")
    for process in asleep:
        process.resume()
    airflow.wait_for(lambda: processes() == [], "the end of its processes")
    later, lines = explain("why_silent")
    assert body == later == failed("why_silent", LOST, kind="lost_heartbeat", reason=LOST, operator="BashOperator")
    # Which of the two it says hangs on where in its loop it was stopped.
    words = ("externally set to failed", "Heartbeat time limit exceeded")
    assert any(word in line for line in lines for word in words), lines


def test_a_lost_worker(airflow, first, explain):
    """A task whose worker loses its power is told as lost, without its log, which is on that worker's disk."""
    trigger(first, "why_power_cut", "r")
    airflow.wait_for(lambda: airflow.machines["worker-2"].processes("sleep 4321"), "the task")
    airflow.kill("worker-2")
    try:
        body, lines = explain("why_power_cut", work="failed", after="upstream_failed")
    finally:
        airflow.start("worker-2")
    assert body == failed(
        "why_power_cut",
        LOST,
        kind="lost_heartbeat",
        reason=LOST,
        operator="BashOperator",
        log_problem="The log is on the host HOST, whose log server does not answer (no connection).",
    )
    assert lines == []


def test_a_stopped_scheduler(airflow, explain):
    """Without a scheduler a run waits for one, and says when the last was heard of."""
    airflow.kill("scheduler")
    try:
        heartbeat = (
            "SELECT max(latest_heartbeat) < now() - interval '15 seconds' FROM job WHERE job_type = 'SchedulerJob'"
        )
        airflow.wait_for(lambda: airflow._scalar(heartbeat), "the heartbeat to be old")
        body, _ = explain("why_narrow", work="scheduled")
    finally:
        airflow.start("scheduler")
    assert body["run_reasons"] == [
        reason("Scheduler Heartbeat", "No scheduler is running: the last heartbeat came at DATE.")
    ]
    assert [each["operation_id"] for each in body["calls"]] == ["patch_pool", "health"]
    assert body["summary"].startswith(
        "The run is running, with 0 of 2 task instances running. "
        "No scheduler is running: the last heartbeat came at DATE. `work` waits:"
    )
