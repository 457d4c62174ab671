"""Runs under a real scheduler: what is killed ends, what is restarted runs, what is skipped stays away."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from openmetadata_airflow_apis.runs import (
    RestartChoice,
    await_stopped,
    dag_state,
    kill_running,
    restart_failed,
    run_partial,
    skip_task_instance,
    succeed_task_instance,
    task_instance_detail,
    trigger_dag,
)
from openmetadata_airflow_apis.runs.processes_after_stop import await_ended
from support import airflow_home
from support.live import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Tasks leave files in the folder `out` of the AIRFLOW_HOME: <dag_id>-<task_id>, with a line for each try.
DAGS = '''
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.models.baseoperator import BaseOperator
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator
from airflow.sensors.base import BaseSensorOperator

OUT = Path(os.environ["AIRFLOW_HOME"]) / "out"


class Sleeper(BaseOperator):
    """Sleeps until it is killed, and says so."""

    def execute(self, context):
        (OUT / f"{self.dag_id}-{self.task_id}").write_text(str(os.getpid()))
        time.sleep(600)

    def on_kill(self):
        (OUT / f"{self.dag_id}-{self.task_id}-on_kill").touch()


class Never(BaseSensorOperator):
    """Waits for what never comes."""

    def poke(self, context):
        return False


def dag(dag_id):
    return DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False)


def leave_a_line(task_id, then="true", **arguments):
    command = f'echo "$AIRFLOW_CTX_DAG_RUN_ID" >> {OUT}/$AIRFLOW_CTX_DAG_ID-{task_id}; {then}'
    return BashOperator(task_id=task_id, bash_command=command, **arguments)


with dag("live_kill"):
    (
        EmptyOperator(task_id="before")
        >> [
            BashOperator(
                task_id="sleep", bash_command=f"echo $$ > {OUT}/live_kill-sleep; exec sleep 600", retries=3,
                retry_delay=timedelta(seconds=1),
            ),
            Sleeper(task_id="sleeper", retries=3, retry_delay=timedelta(seconds=1)),
            leave_a_line("failing", "false", retries=50, retry_delay=timedelta(minutes=5)),
            Never(task_id="sensor", mode="reschedule", poke_interval=300),
        ]
        >> EmptyOperator(task_id="after", trigger_rule="all_done")
    )

with dag("live_kill_one"):
    [
        BashOperator.partial(task_id="sleep", retries=3, retry_delay=timedelta(seconds=1)).expand(
            bash_command=[f"echo $$ > {OUT}/live_kill_one-{index}; exec sleep 600" for index in range(2)]
        ),
    ] >> EmptyOperator(task_id="after", trigger_rule="all_done")

with dag("live_restart"):
    bottom = leave_a_line("bottom")
    for side in ("left", "right"):
        EmptyOperator(task_id=f"top_{side}") >> leave_a_line(side, f"test -e {OUT}/mended") >> bottom
    bottom >> EmptyOperator(task_id="after")

with dag("live_kill_restart"):
    BashOperator(
        task_id="sleep", bash_command=f"echo $$ >> {OUT}/live_kill_restart; test -e {OUT}/awake || exec sleep 600"
    ) >> EmptyOperator(task_id="after")

with dag("live_kill_begun"):
    BashOperator(
        task_id="sleep", bash_command=f"echo $$ > {OUT}/live_kill_begun; exec sleep 600", retries=3,
        retry_delay=timedelta(seconds=1),
    )

with dag("live_partial"):
    first, second, third, fourth = (leave_a_line(name) for name in ("first", "second", "third", "fourth"))
    first >> second >> third >> fourth

with dag("live_repair"):
    (
        leave_a_line("first")
        >> leave_a_line("second", then=f"test -e {OUT}/repaired")
        >> leave_a_line("third")
        >> leave_a_line("always", trigger_rule="all_done")
    )

with dag("live_skip"):
    source = BashOperator(task_id="source", bash_command=f"echo $$ > {OUT}/live_skip-source; exec sleep 600")
    other = EmptyOperator(task_id="other")
    for rule in ("all_success", "all_done", "none_failed", "none_failed_min_one_success", "one_success"):
        source >> EmptyOperator(task_id=f"alone_{rule}", trigger_rule=rule)
        [source, other] >> EmptyOperator(task_id=f"with_other_{rule}", trigger_rule=rule)
    branch = BranchPythonOperator(task_id="branch", python_callable=lambda: "taken")
    taken, not_taken = EmptyOperator(task_id="taken"), EmptyOperator(task_id="not_taken")
    source >> branch >> [taken, not_taken] >> EmptyOperator(
        task_id="join", trigger_rule="none_failed_min_one_success"
    ) >> EmptyOperator(task_id="end", trigger_rule="all_done")
'''

# Between a task process's reading of its row and the writing of its pid lies the question for the host's name.
# While the file `slow_start` is there, a task's process says so and takes its time over it, less than a heartbeat,
# so that a kill falls into that moment for certain.
HOSTNAME = """
import os
import time
import traceback
from pathlib import Path


def find():
    home = Path(os.environ["AIRFLOW_HOME"])
    if (home / "slow_start").exists() and "_run_raw_task" in {frame.name for frame in traceback.extract_stack()}:
        (home / "out" / "has_begun").touch()
        time.sleep(0.8)
    return "localhost"
"""
_SLOW_START = {
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "airflow_test_hostname.find",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "10",
}

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def airflow(request: pytest.FixtureRequest, database_cache: Path) -> Iterator[LiveAirflow]:
    """A scheduler and a webserver with these DAGs: LocalExecutor on PostgreSQL, SequentialExecutor on SQLite."""
    home = airflow_home.make_home()
    (home / "out").mkdir()
    (home / "config").mkdir()
    (home / "config" / "airflow_test_hostname.py").write_text(HOSTNAME)
    with contextlib.ExitStack() as stack:
        if request.param == "postgresql":
            cluster = request.getfixturevalue("cluster")
            airflow = LiveAirflow(
                home, cluster.create_database(f"runs_{next(_numbers)}", "airflow"), settings=_SLOW_START
            )
        else:
            airflow_home.create_sqlite_database(home, database_cache)
            airflow = LiveAirflow(home, executor="SequentialExecutor", settings=_SLOW_START)
        stack.enter_context(airflow)
        airflow.start("scheduler", "webserver")
        airflow.write_dag("live.py", DAGS)
        yield airflow


@pytest.fixture
def session(airflow: LiveAirflow) -> Iterator[Session]:
    """A session on the live database."""
    with Session(airflow.engine) as session:
        yield session


def _out(airflow: LiveAirflow, name: str) -> list[str]:
    path = airflow.home / "out" / name
    return path.read_text().split() if path.exists() else []


def _await_pid(airflow: LiveAirflow, name: str) -> int:
    airflow.wait_for(lambda: _out(airflow, name), f"the process id in {name}")
    return int(_out(airflow, name)[0])


def _await_state(airflow: LiveAirflow, dag_id: str, run_id: str, *states: str) -> None:
    airflow.wait_for(lambda: airflow.run_state(dag_id, run_id) in states, f"{dag_id} {run_id} to be {states}")


def _run_with_tasks(airflow: LiveAirflow, dag_id: str, run_id: str) -> tuple[str, set[str | None]]:
    """Return the run's state and those of its task instances, as they were at one and the same moment."""
    query = text(
        "SELECT dag_run.state, task_instance.state FROM dag_run JOIN task_instance USING (dag_id, run_id) "
        "WHERE dag_id = :dag_id AND run_id = :run_id"
    )
    with airflow.engine.connect() as connection:
        rows = connection.execute(query, {"dag_id": dag_id, "run_id": run_id}).all()
    return rows[0][0], {state for _, state in rows}


def _await_scheduling(airflow: LiveAirflow, session: Session) -> None:
    """Return when the scheduler has run another DagRun from start to end, and so has looked at every other."""
    run = run_partial("live_restart", ["top_left"], user="ada", session=session)
    _await_state(airflow, "live_restart", run.run_id, "success")


def test_killed_processes_end_and_nothing_comes_back(airflow, session):
    """A kill ends the processes with their on_kill, fails the run, and no retry, sensor or follow-up comes back."""
    sequential = airflow.environment["AIRFLOW__CORE__EXECUTOR"] == "SequentialExecutor"
    trigger_dag("live_kill", run_id="kill", user="ada", session=session)
    running = ["sleep"] if sequential else ["sleep", "sleeper"]
    if sequential:  # one task at a time: whichever the scheduler takes first
        airflow.wait_for(lambda: _out(airflow, "live_kill-sleep") or _out(airflow, "live_kill-sleeper"), "a process")
        running = [each for each in ("sleep", "sleeper") if _out(airflow, f"live_kill-{each}")]
    else:
        airflow.wait_for(
            lambda: {"up_for_retry", "up_for_reschedule"} <= set(airflow.task_states("live_kill", "kill").values()),
            "a retry and a rescheduled sensor",
        )
    pids = [_await_pid(airflow, f"live_kill-{each}") for each in running]
    assert all(psutil.pid_exists(pid) for pid in pids)

    killed = kill_running("live_kill", "kill", user="ada", session=session)

    assert {each.task_id: each.state_after for each in killed.task_instances} == dict.fromkeys(
        ["sleep", "sleeper", "failing", "sensor", "after"], "failed"
    )
    assert {each.task_id for each in killed.task_instances if each.job_id} == set(running)
    assert await_stopped(killed, 60, session=session) == ()
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    if "sleeper" in running:
        assert (airflow.home / "out" / "live_kill-sleeper-on_kill").exists()
    _await_scheduling(airflow, session)
    assert airflow.task_states("live_kill", "kill") == {
        "before": "success",
        **dict.fromkeys(["sleep", "sleeper", "failing", "sensor", "after"], "failed"),
    }
    assert dag_state("live_kill", "kill", session=session).state == "failed"


def test_one_killed_index_leaves_the_run_going(airflow, session):
    """A killed index of a mapped task ends alone and is not tried again; the run goes on to its end."""
    trigger_dag("live_kill_one", run_id="one", user="ada", session=session)
    for index in range(2):
        pid = _await_pid(airflow, f"live_kill_one-{index}")
        killed = kill_running("live_kill_one", "one", task_id="sleep", map_index=index, user="ada", session=session)
        assert [(each.map_index, each.state_before) for each in killed.task_instances] == [(index, "running")]
        assert await_stopped(killed, 60, session=session) == ()
        assert not psutil.pid_exists(pid)
    # The last task runs whatever came before it, and it alone decides about the run.
    _await_state(airflow, "live_kill_one", "one", "success", "failed")
    assert airflow.task_states("live_kill_one", "one") == {
        "sleep[0]": "failed",
        "sleep[1]": "failed",
        "after": "success",
    }


def test_what_failed_in_one_run_is_run_again_there(airflow, session):
    """A restart of two failed tasks runs them and their downstream to success, in this run only."""
    for run_id in ("broken", "left_alone"):
        trigger_dag("live_restart", run_id=run_id, user="ada", session=session)
    for run_id in ("broken", "left_alone"):
        _await_state(airflow, "live_restart", run_id, "failed")
    (airflow.home / "out" / "mended").touch()

    restarted = restart_failed("live_restart", "broken", user="ada", session=session)

    assert (restarted.failed_task_count, restarted.clear_task_count) == (2, 4)
    _await_state(airflow, "live_restart", "broken", "success", "failed")
    names = ["top_left", "top_right", "left", "right", "bottom", "after"]
    assert airflow.task_states("live_restart", "broken") == dict.fromkeys(names, "success")
    assert airflow.run_state("live_restart", "broken") == "success"
    assert task_instance_detail("live_restart", "broken", "left", session=session).try_number == 2
    assert airflow.run_state("live_restart", "left_alone") == "failed"
    assert sorted(_out(airflow, "live_restart-left")) == ["broken", "broken", "left_alone"]
    assert _out(airflow, "live_restart-bottom") == ["broken"]


def test_what_was_killed_can_be_restarted_at_once(airflow, session):
    """A restart right after a kill waits for the process and runs the task anew; run and task never disagree."""
    client = airflow.client()
    trigger_dag("live_kill_restart", run_id="again", user="ada", session=session)
    pid = _await_pid(airflow, "live_kill_restart")
    (airflow.home / "out" / "awake").touch()

    killed = client.old_door("kill_running_tasks", dag_id="live_kill_restart", run_id="again")
    restarted = client.old_door("restart_failed_task", dag_id="live_kill_restart", run_id="again")

    assert (killed.status_code, killed.json()) == (200, {"status": "success"})
    assert not psutil.pid_exists(pid)
    expected = {"failed_task_count": 2, "clear_task_count": 2, "status": "success"}
    assert (restarted.status_code, restarted.json()) == (200, expected)
    disagreements = []

    def ended() -> bool:
        run_state, states = _run_with_tasks(airflow, "live_kill_restart", "again")
        if "failed" in states and run_state != "failed":
            disagreements.append((run_state, states))
        return run_state in {"success", "failed"}

    airflow.wait_for(ended, "the restarted run's end")
    assert _run_with_tasks(airflow, "live_kill_restart", "again") == ("success", {"success"})
    assert disagreements == []
    assert task_instance_detail("live_kill_restart", "again", "sleep", session=session).try_number == 2
    assert len(_out(airflow, "live_kill_restart")) == 2


def test_a_task_that_has_just_begun_is_killed_too(airflow, session):
    """A kill between a process's start and its first write is not undone by that write, which has the old state."""
    (airflow.home / "slow_start").touch()
    trigger_dag("live_kill_begun", run_id="begun", user="ada", session=session)
    airflow.wait_for((airflow.home / "out" / "has_begun").exists, "the task's process")
    killed = kill_running("live_kill_begun", "begun", user="ada", session=session)
    (airflow.home / "slow_start").unlink()
    assert [(each.state_before, each.pid) for each in killed.task_instances] == [("running", None)]
    assert await_ended(killed.task_instances, 20, session=session) == ()
    _await_scheduling(airflow, session)
    assert _run_with_tasks(airflow, "live_kill_begun", "begun") == ("failed", {"failed"})
    assert [pid for pid in _out(airflow, "live_kill_begun") if psutil.pid_exists(int(pid))] == []


def test_only_the_chosen_task_of_a_chain_is_executed(airflow, session):
    """A partial run executes the chosen task alone, between an unchosen upstream and an unchosen downstream."""
    run_partial("live_partial", ["third"], run_id="third_only", user="ada", session=session)
    _await_state(airflow, "live_partial", "third_only", "success", "failed")
    assert airflow.task_states("live_partial", "third_only") == {
        "first": "success",
        "second": "success",
        "third": "success",
        "fourth": "skipped",
    }
    assert [_out(airflow, f"live_partial-{each}") for each in ("first", "second", "third", "fourth")] == [
        [],
        [],
        ["third_only"],
        [],
    ]


def _lines(airflow, run_id):
    """How often each task of `live_repair` has run in a run."""
    names = ("first", "second", "third", "always")
    return [_out(airflow, f"live_repair-{name}").count(run_id) for name in names]


def test_what_follows_a_task_that_is_marked_as_successful_really_runs(airflow, session):
    """A failed task that is marked as successful does not run again; what had not run because of it runs."""
    trigger_dag("live_repair", run_id="by_hand", user="ada", session=session)
    airflow.wait_for(lambda: _lines(airflow, "by_hand")[3] == 1, "the last task")
    _await_state(airflow, "live_repair", "by_hand", "success", "failed")
    assert airflow.task_states("live_repair", "by_hand")["third"] == "upstream_failed"

    succeed_task_instance("live_repair", "by_hand", "second", user="ada", session=session)

    airflow.wait_for(lambda: _lines(airflow, "by_hand")[2] == 1, "the task that had not run")
    _await_state(airflow, "live_repair", "by_hand", "success", "failed")
    assert airflow.run_state("live_repair", "by_hand") == "success"
    assert airflow.task_states("live_repair", "by_hand") == dict.fromkeys(
        ("first", "second", "third", "always"), "success"
    )
    assert _lines(airflow, "by_hand") == [1, 1, 1, 1]


def test_chosen_tasks_of_a_run_really_run_again(airflow, session):
    """From a task on in a run that succeeded, then one task alone: these run once more, and no other."""
    (airflow.home / "out" / "repaired").touch()
    trigger_dag("live_repair", run_id="chosen", user="ada", session=session)
    _await_state(airflow, "live_repair", "chosen", "success", "failed")
    assert _lines(airflow, "chosen") == [1, 1, 1, 1]

    choice = RestartChoice(("second",), only_failed=False)
    restart_failed("live_repair", "chosen", choice=choice, user="ada", session=session)
    _await_state(airflow, "live_repair", "chosen", "success", "failed")
    assert _lines(airflow, "chosen") == [1, 2, 2, 2]

    choice = RestartChoice(("first",), only_failed=False, include_downstream=False)
    restart_failed("live_repair", "chosen", choice=choice, user="ada", session=session)
    _await_state(airflow, "live_repair", "chosen", "success", "failed")
    (airflow.home / "out" / "repaired").unlink()
    assert airflow.run_state("live_repair", "chosen") == "success"
    assert _lines(airflow, "chosen") == [2, 2, 2, 2]
    assert task_instance_detail("live_repair", "chosen", "second", session=session).try_number == 2


def test_a_skip_takes_along_what_airflow_skips_and_lets_the_rest_run(airflow, session):
    """A skipped running task is stopped; by trigger rule, what follows is skipped or runs, branches included."""
    trigger_dag("live_skip", run_id="skip", user="ada", session=session)
    pid = _await_pid(airflow, "live_skip-source")

    skipped = skip_task_instance("live_skip", "skip", "source", user="ada", session=session)

    assert await_stopped(skipped, 60, session=session) == ()
    assert not psutil.pid_exists(pid)
    _await_state(airflow, "live_skip", "skip", "success", "failed")
    expected = {
        "source": "skipped",
        "other": "success",
        "alone_all_success": "skipped",
        "with_other_all_success": "skipped",
        "alone_all_done": "success",
        "with_other_all_done": "success",
        "alone_none_failed": "success",
        "with_other_none_failed": "success",
        "alone_none_failed_min_one_success": "skipped",
        "with_other_none_failed_min_one_success": "success",
        "alone_one_success": "skipped",
        "with_other_one_success": "success",
        **dict.fromkeys(["branch", "taken", "not_taken", "join"], "skipped"),
        "end": "success",
    }
    assert airflow.task_states("live_skip", "skip") == expected
    assert airflow.run_state("live_skip", "skip") == "success"
