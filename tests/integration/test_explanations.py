"""Real failures and real waits under a real scheduler: what explain_dag_run says of each, whole."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from sqlalchemy import text

from support import airflow_home
from support.explanations import (
    DAGS,
    behind,
    call,
    failed,
    group,
    line_of,
    log_lines,
    plain,
    reason,
    waits,
)
from support.live import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.client import Client
    from support.postgres import Cluster

# Triggered together before the first test, so that no test waits for its run's beginning.
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
]
SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": "6",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def airflow(cluster: Cluster) -> Iterator[LiveAirflow]:
    """An Airflow with a scheduler, a webserver and no triggerer, and the runs of RUNS."""
    from airflow.models.pool import Pool

    home = airflow_home.make_home()
    (home / "out").mkdir()
    (home / "dags" / "why.py").write_text(DAGS)
    url = cluster.create_database("explanations", "airflow")
    with LiveAirflow(home, url, settings=SETTINGS) as airflow:
        with airflow.session() as session:
            pool = Pool(pool="no_slots", slots=0, description="")
            pool.include_deferred = False
            session.add(pool)
        airflow.start("scheduler", "webserver")
        dag_ids = {*(dag_id for dag_id, _ in RUNS), "why_falls_asleep"}
        query = "SELECT count(*) FROM dag JOIN serialized_dag USING (dag_id)"
        airflow.wait_for(lambda: airflow._scalar(query) == len(dag_ids), "the DAGs")
        client = airflow.client()
        for dag_id, run_id in RUNS:
            answer = client.post(f"/rest_api/api/dags/{dag_id}/dagRuns", json={"run_id": run_id})
            assert answer.status_code == 201, answer.text
        yield airflow


@pytest.fixture(scope="module")
def client(airflow: LiveAirflow) -> Client:
    """A Viewer, who may read runs and logs."""
    return airflow.client("viewer")


@pytest.fixture
def explain(airflow, client):
    """Wait until a run's tasks have these states; return its explanation without dates and hosts, and its log lines."""

    def ask(dag_id: str, run_id: str = "r", **states: str | None) -> tuple[dict[str, Any], list[str]]:
        def reached() -> bool:
            return states.items() <= airflow.task_states(dag_id, run_id).items() and (
                "failed" not in states.values() or airflow.run_state(dag_id, run_id) == "failed"
            )

        airflow.wait_for(reached, f"{dag_id} to be {states}", seconds=90)
        answer = client.get(f"/rest_api/api/dags/{dag_id}/dagRuns/{run_id}/explanation")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return plain(body, socket.gethostname()), log_lines(body)

    return ask


def test_an_exception(airflow, explain):
    """A task that raises is told with the exception's own sentence, its place and what it had printed before."""
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
    assert lines[-4:] == [
        "taskinstance.py ERROR - Task failed with exception",
        "Traceback (most recent call last):",
        "  … 5 frames of Airflow's own code",
        sentence,
    ]


def test_a_timeout(explain):
    """A task that takes longer than it may is told with how long it may."""
    body, _ = explain("why_times_out", work="failed", after="upstream_failed")
    sentence = body["failures"][0]["exception"]
    assert re.fullmatch(r"airflow.exceptions.AirflowTaskTimeout: Timeout, PID: \d+", sentence)
    words = "It ran longer than its execution_timeout of 5 seconds."
    place = body["failures"][0]["place"]  # wherever the clock stopped it
    assert body == failed(
        "why_times_out",
        words,
        kind="timeout",
        reason=words,
        exception=sentence,
        operator="BashOperator",
        place=place,
    )


def test_a_killed_process(explain):
    """A task whose process is killed by SIGKILL, as for want of memory, is told as that."""
    body, lines = explain("why_kills_itself", work="failed", after="upstream_failed")
    words = "Its process was killed by SIGKILL, most likely because memory ran out."
    assert body == failed("why_kills_itself", words, kind="killed", reason=words)
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
    paused = reason("Dag Not Paused", "The DAG is paused.")
    assert body == waits(
        "why_paused",
        "The run is queued. The DAG is paused. 1 task instance waits.",
        {"no_status": 1},
        [group("work", None, paused)],
        state="queued",
        run_reasons=[paused],
        calls=[
            call(
                "patch_dag",
                "PATCH",
                "/rest_api/api/dags/why_paused",
                "Unpauses the DAG; its runs then go on.",
                {"is_paused": False},
            )
        ],
    )


def test_a_past_that_failed(airflow, explain):
    """A task that depends on its past, which failed, tells in which run it did, and the calls for that one."""
    airflow.wait_for(lambda: airflow.run_state("why_past", "first") == "failed", "the first run's failure")
    body, _ = explain("why_past", "second", work=None)
    words = "It depends on its past, and in the run before, `first` (failed), it is failed."
    first = "/rest_api/api/dags/why_past/dagRuns/first"
    assert body == waits(
        "why_past",
        f"The run is running, with 0 of 1 task instance running. `work` waits: {words}",
        {"no_status": 1},
        [group("work", None, reason("Previous Dagrun State", words))],
        run_id="second",
        calls=[
            call(
                "explain_dag_run",
                "GET",
                f"{first}/explanation",
                "Tells why the run before failed, or what it waits for.",
            ),
            call("restart_failed_task", "POST", f"{first}/restart", "Runs again what failed in the run before."),
        ],
    )


def test_max_active_tasks(airflow, explain):
    """A task of a DAG that has as many under way as it may have waits for one of these."""
    airflow.wait_for((airflow.home / "out" / "running").exists, "a task that is running")
    body, _ = explain("why_crowded")
    waiting = body["waiting"][0]["task_id"]
    words = "Running or queued are 1 of at most 1 task instance of the DAG in all its runs (max_active_tasks)."
    assert body == waits(
        "why_crowded",
        f"The run is running, with 1 of 2 task instances running. `{waiting}` waits: {words}",
        {"running": 1, "scheduled": 1},
        [group(waiting, "scheduled", reason("Task Instance Slots Available", words), since="DATE")],
    )


def test_three_of_500_mapped_tasks(airflow, explain):
    """Of a mapped task each index that failed is told, with its own exit code and log."""
    with airflow.engine.begin() as connection:  # as if all others had been run
        connection.execute(
            text(
                "UPDATE task_instance SET state = 'success' WHERE dag_id = 'why_many' AND map_index NOT IN (7, 70, 98)"
            )
        )
        connection.execute(text("UPDATE dag SET is_paused = false WHERE dag_id = 'why_many'"))
    body, _ = explain("why_many", **{f"work[{index}]": "failed" for index in (7, 70, 98)})
    failures = sorted(body.pop("failures"), key=lambda each: each["map_index"])
    first = body.pop("calls")[0]["path"]
    summary = body.pop("summary")
    expected = failed("why_many", "")
    for name in ("failures", "calls", "summary"):
        del expected[name]
    assert body == {**expected, "task_instance_counts": {"failed": 3, "success": 497}, "total_failures": 3}
    assert [(each["map_index"], each["reason"], each["exit_code"]) for each in failures] == [
        (index, f"Its command ended with exit code {index}.", index) for index in (7, 70, 98)
    ]
    assert re.fullmatch(r".*/why_many/dagRuns/r/taskInstances/work/logs\?map_index=\d+&try_number=1", first)
    assert re.fullmatch(
        r"The run failed. `work` at map_index (7|70|98) failed: Its command ended with exit code \1. 2 more failed.",
        summary,
    )


def test_a_deferred_task_without_a_triggerer(explain):
    """A deferred task whose triggerer is not running says so."""
    body, _ = explain("why_deferred", work="deferred")
    trigger = reason("Trigger", "It waits for its trigger DateTimeTrigger to fire.")
    nobody = reason("Triggerer Heartbeat", "No triggerer is running: there never was a heartbeat.")
    words = f"{trigger['reason']} {nobody['reason']}"
    assert body == waits(
        "why_deferred",
        f"The run is running, with 0 of 2 task instances running. `work` waits: {words} 1 more task instance waits.",
        {"deferred": 1, "no_status": 1},
        [group("work", "deferred", trigger, nobody, since="DATE"), group("after", None, behind("deferred"))],
        calls=[
            call(
                "health",
                "GET",
                "/rest_api/api/health",
                "Tells whether the scheduler is heard of again, once somebody has started it.",
            )
        ],
    )


LOST = (
    "Its process on the host HOST was not heard of any more after DATE, and Airflow failed it: it, or its worker, "
    "was killed or lost its connection to the database."
)


def test_a_lost_worker(explain):
    """A task whose process, and the one that sends its heartbeats, are gone is told as lost."""
    body, _ = explain("why_loses_its_worker", work="failed", after="upstream_failed")
    assert body == failed("why_loses_its_worker", LOST, kind="lost_heartbeat", reason=LOST)


def test_a_zombie(airflow, explain):
    """A task that is not heard of though its processes are there is told as lost; when they wake up, they end."""
    # Only now: meanwhile it has one of the few slots for tasks, for which others would wait.
    answer = airflow.client().post("/rest_api/api/dags/why_falls_asleep/dagRuns", json={"run_id": "r"})
    assert answer.status_code == 201, answer.text
    body, _ = explain("why_falls_asleep", work="failed", after="upstream_failed")
    task, supervisor = map(psutil.Process, map(int, (airflow.home / "out" / "asleep").read_text().split()))
    for process in (supervisor, task):
        process.resume()
    airflow.wait_for(lambda: not (task.is_running() or supervisor.is_running()), "the end of its processes")
    later, lines = explain("why_falls_asleep")
    assert body == later == failed("why_falls_asleep", LOST, kind="lost_heartbeat", reason=LOST)
    assert any("externally set to failed" in line for line in lines)


def test_a_stopped_scheduler(airflow, explain):
    """Without a scheduler a run waits for one, and says when the last was heard of."""
    airflow.kill("scheduler")
    heartbeat = "SELECT max(latest_heartbeat) < now() - interval '10 seconds' FROM job WHERE job_type = 'SchedulerJob'"
    airflow.wait_for(lambda: airflow._scalar(heartbeat), "the heartbeat to be old")
    body, _ = explain("why_narrow", work="scheduled")
    (stopped,) = body["run_reasons"]
    assert stopped == reason("Scheduler Heartbeat", "No scheduler is running: the last heartbeat came at DATE.")
    assert [each["operation_id"] for each in body["calls"]] == ["patch_pool", "health"]
    assert body["summary"].startswith(
        "The run is running, with 0 of 2 task instances running. "
        "No scheduler is running: the last heartbeat came at DATE. `work` waits:"
    )
