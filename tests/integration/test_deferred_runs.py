"""Runs with deferred tasks, setups and teardowns, and mapped task groups, under a real scheduler and triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from openmetadata_airflow_apis.runs import await_stopped, kill_running, restart_failed, skip_task_instance, trigger_dag
from support import airflow_home
from support.live import LiveAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.runs.results import ChangedRun
    from support.postgres import Cluster

# Tasks leave files in the folder `out` of the AIRFLOW_HOME: <run_id>-<task_id>, with a word for each thing they did,
# and look there for <run_id>-fire, which fires their trigger, and <run_id>-mended, without which they fail or sleep.
DAGS = '''
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.decorators import task, task_group
from airflow.models.baseoperator import BaseOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import get_current_context
from airflow.triggers.file import FileTrigger

OUT = Path(os.environ["AIRFLOW_HOME"]) / "out"


def leave(word):
    instance = get_current_context()["ti"]
    name = instance.task_id if instance.map_index < 0 else f"{instance.task_id}[{instance.map_index}]"
    with (OUT / f"{instance.run_id}-{name}").open("a") as file:
        print(word, file=file)


def is_there(word):
    return (OUT / f"{get_current_context()['run_id']}-{word}").exists()


class Deferring(BaseOperator):
    """Defers until it is fired; then fails unless its cause is mended."""

    def execute(self, context):
        leave("deferred")
        trigger = FileTrigger(str(OUT / f"{context['run_id']}-fire"), False, 0.1)
        self.defer(trigger=trigger, method_name="resume")

    def resume(self, context, event=None):
        leave("resumed")
        if not is_there("mended"):
            raise ValueError("the cause is still there")


@task
def fails():
    leave(os.getpid())
    if not is_there("mended"):
        raise ValueError("the cause is still there")


@task
def sleeps(number=1):
    """Sleeps as many minutes."""
    leave(os.getpid())
    if not is_there("mended"):
        time.sleep(60 * number)


@task
def gives_up():
    """Runs until it is to fail."""
    leave("running")
    while not is_there("fail"):
        time.sleep(0.05)
    leave("failed")
    raise ValueError("of its own")


def dag(dag_id):
    return DAG(dag_id, start_date=datetime(2026, 1, 1), schedule=None, is_paused_upon_creation=False)


with dag("live_deferred"):
    waits = Deferring(task_id="waits")
    waits >> EmptyOperator(task_id="strict")
    waits >> EmptyOperator(task_id="lenient", trigger_rule="all_done")

for dag_id, work in (("live_setup_fails", fails), ("live_setup_sleeps", sleeps)):
    with dag(dag_id):
        setup = EmptyOperator(task_id="setup").as_setup()
        teardown = EmptyOperator(task_id="teardown").as_teardown(setups=[setup])
        setup >> work.override(task_id="work")() >> EmptyOperator(task_id="more") >> teardown
        EmptyOperator(task_id="beside")

with dag("live_setup_waits"):
    setup = Deferring(task_id="setup").as_setup()
    teardown = EmptyOperator(task_id="teardown").as_teardown(setups=[setup])
    setup >> EmptyOperator(task_id="work") >> EmptyOperator(task_id="more", trigger_rule="none_failed") >> teardown
    teardown >> EmptyOperator(task_id="after", trigger_rule="all_done")
    EmptyOperator(task_id="beside")

with dag("live_group"):

    @task_group
    def group(number):
        sleeps.override(task_id="first")(number) >> EmptyOperator(task_id="second") >> EmptyOperator(
            task_id="third", trigger_rule="all_done"
        )

    group.expand(number=[0, 1]) >> EmptyOperator(task_id="lenient", trigger_rule="all_done")

with dag("live_gives_up"):
    gives_up() >> EmptyOperator(task_id="lenient", trigger_rule="none_failed")

with dag("live_begun"):
    sleeps.override(task_id="work", retries=2, retry_delay=timedelta(seconds=1)).expand(number=[1, 2])
'''
# A task's process asks for the host's name between reading its row and writing its pid. While there is a file
# `slow_start` it takes its time over it, so that a kill falls into that moment.
HOSTNAME = """
import os
import time
import traceback
from pathlib import Path

OUT = Path(os.environ["AIRFLOW_HOME"]) / "out"


def find():
    if (OUT / "slow_start").exists() and "_run_raw_task" in {frame.name for frame in traceback.extract_stack()}:
        (OUT / "has_begun").touch()
        time.sleep(0.6)
    return "localhost"
"""
# Triggered together before the first test, so that no test waits for its run's beginning.
RUNS = {
    "killed": "live_deferred",
    "left_alone": "live_deferred",
    "killed_alone": "live_deferred",
    "skipped": "live_deferred",
    "again": "live_deferred",
    "fails": "live_setup_fails",
    "sleeps": "live_setup_sleeps",
    "no_setup": "live_setup_waits",
    "group": "live_group",
    "own_failure": "live_gives_up",
}
# Their tests trigger them.
LATE_RUNS = {"begun": "live_begun"}
DAG_IDS = RUNS | LATE_RUNS


class Runs:
    """The runs of one Airflow by their run_ids, and the files of their tasks."""

    def __init__(self, airflow: LiveAirflow, session: Session) -> None:
        self.airflow = airflow
        self._session = session

    def dag_ids(self) -> set[str]:
        """Return the DAGs that Airflow has read."""
        return {row[0] for row in self._rows("SELECT dag_id FROM dag JOIN serialized_dag USING (dag_id)")}

    def trigger(self, run_id: str) -> None:
        """Start a run of RUNS or LATE_RUNS."""
        trigger_dag(DAG_IDS[run_id], run_id=run_id, user="ada", session=self._session)

    def kill(self, run_id: str, **arguments: Any) -> dict[str, tuple[str | None, str | None]]:
        """Kill, and wait for the processes; return the states before and after of what was touched."""
        return self._stopped(kill_running(DAG_IDS[run_id], run_id, user="ada", session=self._session, **arguments))

    def skip(self, run_id: str, task_id: str, *, then: str | None = None) -> dict[str, tuple[str | None, str | None]]:
        """Skip, touch then, and wait for the processes; return the states before and after of what was touched."""
        skipped = skip_task_instance(DAG_IDS[run_id], run_id, task_id, user="ada", session=self._session)
        if then is not None:
            self.touch(run_id, then)
        return self._stopped(skipped)

    def restart(self, run_id: str) -> tuple[int, set[str]]:
        """Restart; return how many had failed, and the names of what was cleared."""
        restarted = restart_failed(DAG_IDS[run_id], run_id, user="ada", session=self._session)
        names = {_name(each.task_id, each.map_index) for each in restarted.task_instances}
        return restarted.failed_task_count, names

    def now(self, run_id: str) -> tuple[str | None, dict[str, str | None]]:
        """Return the run's state and its tasks'."""
        return self.airflow.run_state(DAG_IDS[run_id], run_id), self.airflow.task_states(DAG_IDS[run_id], run_id)

    def await_tasks(self, run_id: str, **states: str | None) -> None:
        """Wait until these tasks have these states."""
        self.airflow.wait_for(lambda: states.items() <= self.now(run_id)[1].items(), f"{run_id} to be {states}")

    def await_end(self, run_id: str) -> tuple[str | None, dict[str, str | None]]:
        """Wait until the run has ended; return its state and its tasks'."""
        self.airflow.wait_for(lambda: self.now(run_id)[0] in {"success", "failed"}, f"the end of {run_id}")
        return self.now(run_id)

    def await_trigger(self, run_id: str) -> int:
        """Wait until the triggerer has the trigger of a deferred task; return the trigger's id."""
        query = (
            "SELECT trigger.id FROM trigger JOIN task_instance ON trigger.id = trigger_id "
            "WHERE run_id = :run_id AND triggerer_id IS NOT NULL"
        )
        self.airflow.wait_for(lambda: self._rows(query, run_id=run_id), f"the trigger of {run_id}")
        return self._rows(query, run_id=run_id)[0][0]

    def await_trigger_gone(self, trigger_id: int) -> None:
        """Wait until the triggerer, which looks once a second, has dropped a trigger."""
        query = "SELECT id FROM trigger WHERE id = :trigger_id"
        self.airflow.wait_for(lambda: not self._rows(query, trigger_id=trigger_id), "the trigger's end", seconds=10)

    def tries(self, run_id: str) -> dict[str, int]:
        """Return the tries of the run's task instances."""
        query = "SELECT task_id, map_index, try_number FROM task_instance WHERE run_id = :run_id"
        return {_name(task_id, index): number for task_id, index, number in self._rows(query, run_id=run_id)}

    def touch(self, run_id: str, *words: str) -> None:
        """Make files that the run's tasks and triggers look for."""
        for word in words:
            (self.airflow.home / "out" / f"{run_id}-{word}").touch()

    def left(self, run_id: str, name: str) -> list[str]:
        """Return the words that a task left."""
        path = self.airflow.home / "out" / f"{run_id}-{name}"
        return path.read_text().split() if path.exists() else []

    def await_pid(self, run_id: str, name: str) -> int:
        """Wait until a task has left its process id; return it."""
        self.airflow.wait_for(lambda: self.left(run_id, name), f"the process id of {name} in {run_id}")
        return int(self.left(run_id, name)[-1])

    def _stopped(self, changed: ChangedRun) -> dict[str, tuple[str | None, str | None]]:
        assert await_stopped(changed, 30, session=self._session) == ()
        return {
            _name(each.task_id, each.map_index): (each.state_before, each.state_after)
            for each in changed.task_instances
        }

    def _rows(self, query: str, **parameters: object) -> list[Any]:
        with self.airflow.engine.connect() as connection:
            return list(connection.execute(text(query), parameters))


def _name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


@pytest.fixture(scope="module")
def runs(cluster: Cluster) -> Iterator[Runs]:
    """The runs of RUNS, begun under a scheduler with LocalExecutor and a triggerer on PostgreSQL."""
    home = airflow_home.make_home()
    (home / "out").mkdir()
    (home / "config").mkdir()
    (home / "config" / "airflow_test_hostname.py").write_text(HOSTNAME)
    (home / "dags").mkdir(exist_ok=True)
    (home / "dags" / "live.py").write_text(DAGS)
    url = cluster.create_database("deferred_runs", "airflow")
    settings = {"AIRFLOW__CORE__HOSTNAME_CALLABLE": "airflow_test_hostname.find"}
    with LiveAirflow(home, url, settings=settings) as airflow:
        airflow.start("scheduler", "triggerer")
        with Session(airflow.engine) as session:
            runs = Runs(airflow, session)
            airflow.wait_for(lambda: runs.dag_ids() >= set(DAG_IDS.values()), "the DAGs")
            runs.touch("again", "fire")
            for run_id in RUNS:
                runs.trigger(run_id)
            yield runs


def test_a_deferred_task_is_killed_with_its_run(runs):
    """A killed run's deferred task fails, the triggerer drops its trigger, and what it waited for wakes nobody."""
    trigger_id = runs.await_trigger("killed")

    assert runs.kill("killed") == {
        "waits": ("deferred", "failed"),
        "strict": (None, "failed"),
        "lenient": (None, "failed"),
    }

    runs.await_trigger_gone(trigger_id)
    runs.await_trigger("left_alone")
    for run_id in ("killed", "left_alone"):
        runs.touch(run_id, "mended", "fire")
    names = ["waits", "strict", "lenient"]
    assert runs.await_end("left_alone") == ("success", dict.fromkeys(names, "success"))
    assert runs.now("killed") == ("failed", dict.fromkeys(names, "failed"))
    assert runs.left("killed", "waits") == ["deferred"]


def test_a_deferred_task_is_killed_alone(runs):
    """A deferred task killed by its task_id fails and its trigger goes; the run goes on, and carries the failure on."""
    trigger_id = runs.await_trigger("killed_alone")

    assert runs.kill("killed_alone", task_id="waits") == {"waits": ("deferred", "failed")}

    runs.await_trigger_gone(trigger_id)
    runs.touch("killed_alone", "mended", "fire")
    states = {"waits": "failed", "strict": "upstream_failed", "lenient": "success"}
    assert runs.await_end("killed_alone") == ("failed", states)
    assert runs.left("killed_alone", "waits") == ["deferred"]


def test_a_deferred_task_is_skipped(runs):
    """A skipped deferred task's trigger goes; what follows is skipped or runs by its trigger rule; the run succeeds."""
    trigger_id = runs.await_trigger("skipped")

    assert runs.skip("skipped", "waits") == {"waits": ("deferred", "skipped"), "strict": (None, "skipped")}

    runs.await_trigger_gone(trigger_id)
    runs.touch("skipped", "mended", "fire")
    states = {"waits": "skipped", "strict": "skipped", "lenient": "success"}
    assert runs.await_end("skipped") == ("success", states)
    assert runs.left("skipped", "waits") == ["deferred"]


def test_a_restarted_task_defers_again(runs):
    """A task that failed after its trigger had fired defers anew when it is restarted, and succeeds then."""
    states = {"waits": "failed", "strict": "upstream_failed", "lenient": "success"}
    assert runs.await_end("again") == ("failed", states)
    assert runs.left("again", "waits") == ["deferred", "resumed"]
    (runs.airflow.home / "out" / "again-fire").unlink()
    runs.touch("again", "mended")

    assert runs.restart("again") == (1, set(states))

    runs.await_tasks("again", waits="deferred", strict=None, lenient=None)
    runs.touch("again", "fire")
    assert runs.await_end("again") == ("success", dict.fromkeys(states, "success"))
    assert runs.left("again", "waits") == ["deferred", "resumed"] * 2
    assert runs.tries("again") == {"waits": 2, "strict": 1, "lenient": 2}


def test_a_restart_takes_setup_and_teardown_along(runs):
    """A restart of a failed task sets up and tears down anew; what needs neither is left alone."""
    states = {"setup": "success", "work": "failed", "more": "upstream_failed", "teardown": "success"}
    assert runs.await_end("fails") == ("failed", {**states, "beside": "success"})
    runs.touch("fails", "mended")

    assert runs.restart("fails") == (1, {"setup", "work", "more", "teardown"})

    assert runs.await_end("fails") == ("success", dict.fromkeys([*states, "beside"], "success"))
    assert runs.tries("fails") == {"setup": 2, "work": 2, "more": 1, "teardown": 2, "beside": 1}


def test_a_kill_fails_the_teardown_too(runs):
    """A kill of a run fails the teardown that has not run yet; a restart then sets up, works and tears down."""
    pid = runs.await_pid("sleeps", "work")

    assert runs.kill("sleeps") == {
        "work": ("running", "failed"),
        "more": (None, "failed"),
        "teardown": (None, "failed"),
    }

    assert not psutil.pid_exists(pid)
    states = {"setup": "success", "work": "failed", "more": "failed", "teardown": "failed", "beside": "success"}
    assert runs.now("sleeps") == ("failed", states)
    runs.touch("sleeps", "mended")
    assert runs.restart("sleeps") == (3, {"setup", "work", "more", "teardown"})
    assert runs.await_end("sleeps") == ("success", dict.fromkeys(states, "success"))


def test_a_skipped_setup_takes_along_what_needs_it(runs):
    """With a setup is skipped what needs it, near or far, and its teardown; the rest runs to the run's success."""
    runs.await_trigger("no_setup")

    skipped = runs.skip("no_setup", "setup")

    needing = ["setup", "work", "more", "teardown"]
    assert {name: after for name, (_, after) in skipped.items()} == dict.fromkeys(needing, "skipped")
    states = {**dict.fromkeys(needing, "skipped"), "after": "success", "beside": "success"}
    assert runs.await_end("no_setup") == ("success", states)


def test_one_index_of_a_mapped_group_is_killed_and_restarted(runs):
    """A killed or failed index takes along its own index in the group alone, and so does its restart."""
    pid = runs.await_pid("group", "group.first[1]")

    assert runs.kill("group", task_id="group.first", map_index=1) == {"group.first[1]": ("running", "failed")}

    assert not psutil.pid_exists(pid)
    state, states = runs.await_end("group")
    assert states == {
        "group.first[0]": "success",
        "group.second[0]": "success",
        "group.third[0]": "success",
        "group.first[1]": "failed",
        "group.second[1]": "upstream_failed",
        "group.third[1]": "success",
        "lenient": "success",
    }
    assert state == "success"  # its last task has succeeded, whatever came before it
    runs.touch("group", "mended")
    assert runs.restart("group") == (1, {"group.first[1]", "group.second[1]", "group.third[1]", "lenient"})
    assert runs.await_end("group") == ("success", dict.fromkeys(states, "success"))
    tries = runs.tries("group")
    assert (tries["group.first[0]"], tries["group.first[1]"]) == (1, 2)


def test_a_skipped_task_that_fails_before_it_is_ended_stays_skipped(runs):
    """A task that fails by itself in the seconds after its skip is skipped all the same, and its run succeeds."""
    runs.airflow.wait_for(lambda: runs.left("own_failure", "gives_up"), "the task that gives up")

    assert runs.skip("own_failure", "gives_up", then="fail") == {"gives_up": ("running", "skipped")}

    assert runs.left("own_failure", "gives_up") == ["running", "failed"]
    assert runs.await_end("own_failure") == ("success", {"gives_up": "skipped", "lenient": "success"})


def test_indexes_that_have_just_begun_are_killed_too(runs):
    """A kill while the processes of a mapped task begin leaves no index and no process running."""
    out = runs.airflow.home / "out"
    (out / "slow_start").touch()
    runs.trigger("begun")
    runs.airflow.wait_for((out / "has_begun").exists, "a task's process")

    killed = runs.kill("begun")

    (out / "slow_start").unlink()
    assert {name: after for name, (_, after) in killed.items()} == {"work[0]": "failed", "work[1]": "failed"}
    assert "running" in {before for before, _ in killed.values()}
    assert runs.now("begun") == ("failed", {"work[0]": "failed", "work[1]": "failed"})
    pids = [int(pid) for index in range(2) for pid in runs.left("begun", f"work[{index}]")]
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
