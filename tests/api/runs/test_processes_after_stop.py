"""What a task's own process writes just after it was stopped does not undo the stop; and the wait for its end."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from openmetadata_airflow_apis.runs import (
    TouchedTaskInstance,
    await_stopped,
    kill_running,
    processes_after_stop,
    restart_failed,
    skip_task_instance,
    succeed_task_instance,
)
from openmetadata_airflow_apis.runs.processes_after_stop import await_ended
from support.dag_runs import new_dag, new_job, new_run, run_row, states, store, task_instance_rows


@pytest.fixture
def dag(session):
    """A DAG of a mapped task with two indexes, and one task after it."""
    from airflow.operators.bash import BashOperator

    with new_dag("begins") as dag:
        BashOperator.partial(task_id="sleep", retries=2).expand(bash_command=["sleep 600"] * 2) >> BashOperator(
            task_id="after", bash_command="true", trigger_rule="all_done"
        )
    store(dag, session)
    return dag


@pytest.fixture
def jobs(dag, session) -> list[int]:
    """The jobs of the two indexes, which run; the first has its pid in the database, the second has just begun."""
    from airflow.jobs.job import Job

    jobs = [Job(state="running", job_type="LocalTaskJob") for _ in range(2)]
    session.add_all(jobs)
    session.commit()
    new_run(dag, session, {"sleep": "running"}, max_tries=2)
    for index, job in enumerate(jobs):
        _write(session, index, job_id=job.id, hostname="worker-1", pid=None if index else 4711)
    return [job.id for job in jobs]


def _write(session, map_index, task_id="sleep", **values):
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    these = (table.c.dag_id == "begins") & (table.c.task_id == task_id) & (table.c.map_index == map_index)
    session.execute(update(table).where(these).values(**values))
    session.commit()


def _end(session, *job_ids):
    session.execute(_ending(*job_ids))
    session.commit()


def _ending(*job_ids):
    from airflow.jobs.job import Job
    from airflow.utils import timezone

    ended = {"state": "success", "end_date": timezone.utcnow()}
    return update(Job.__table__).where(Job.id.in_(job_ids)).values(**ended)


@pytest.fixture
def process():
    """Does, half a second after it was called with it, what a task's process would do: process(write, *arguments).

    One thing after the other, in the order of the calls.
    """
    timers = []

    def later(write, *arguments, **values):
        from airflow.settings import Session

        earlier = timers[-1:]

        def act():
            for timer in earlier:
                timer.join()
            try:
                write(Session(), *arguments, **values)
            finally:
                Session.remove()

        timers.append(threading.Timer(0.5, act))
        timers[-1].start()

    yield later
    for timer in timers:
        timer.join()


def test_a_kill_outlasts_the_start_of_a_process(jobs, process, session):
    """A process that writes the state it had read before the kill is failed again, without retries, in time."""
    process(_write, 1, state="running", pid=4712, max_tries=2, end_date=None, duration=None)
    killed = kill_running("begins", "manual__1", user="ada", session=session)

    assert {(each.task_id, each.map_index): each.state_before for each in killed.task_instances} == {
        ("sleep", 0): "running",
        ("sleep", 1): "running",
        ("after", -1): None,
    }
    assert states("begins", session) == {("sleep", 0): "failed", ("sleep", 1): "failed", "after": "failed"}
    row = task_instance_rows("begins", session)["sleep", 1]
    assert (row["pid"], row["max_tries"], row["end_date"] is None) == (4712, row["try_number"] - 1, False)
    assert run_row("begins", session).state == "failed"


def test_a_skip_outlasts_the_start_of_a_process(jobs, process, session):
    """A skipped task that had just begun is skipped still when its process has written its pid."""
    process(_write, 1, state="running", pid=4712, end_date=None)
    skip_task_instance("begins", "manual__1", "sleep", map_index=1, user="ada", session=session)
    assert states("begins", session) == {("sleep", 0): "running", ("sleep", 1): "skipped", "after": None}


def test_a_success_outlasts_the_start_of_a_process(jobs, process, session):
    """A task that had just begun, and is marked as successful, is so still when its process has written its pid."""
    process(_write, 1, state="running", pid=4712, end_date=None)
    succeed_task_instance("begins", "manual__1", "sleep", map_index=1, user="ada", session=session)
    assert states("begins", session) == {("sleep", 0): "running", ("sleep", 1): "success", "after": None}


def test_a_restart_outlasts_the_start_of_a_process(jobs, process, session):
    """A task downstream that had just begun is told to restart still when its process has written its pid."""
    _write(session, 0, state="failed")
    _end(session, jobs[0])
    _write(session, -1, "after", state="running", job_id=jobs[1], try_number=1)
    process(_write, -1, "after", state="running", pid=4712)
    restart_failed("begins", "manual__1", user="ada", session=session)
    assert states("begins", session)["after"] == "restarting"


def test_only_what_has_just_begun_is_waited_for(jobs, session):
    """A kill of tasks whose processes have written their pids returns at once."""
    _write(session, 1, pid=4712)
    began = time.monotonic()
    kill_running("begins", "manual__1", user="ada", session=session)
    assert time.monotonic() - began < processes_after_stop.OVERWRITE_PATIENCE_SECONDS / 3


def test_a_process_that_never_writes_its_pid_is_not_waited_for_long(jobs, monkeypatch, session):
    """After its patience a kill returns all the same, and what it did stays done."""
    monkeypatch.setattr(processes_after_stop, "OVERWRITE_PATIENCE_SECONDS", 0.6)
    began = time.monotonic()
    kill_running("begins", "manual__1", user="ada", session=session)
    assert time.monotonic() - began >= 0.6
    assert set(states("begins", session).values()) == {"failed"}


def test_a_process_that_ends_before_its_pid_is_there_is_waited_for_no_longer(jobs, process, session):
    """A job that ended cannot write any more."""
    process(_end, jobs[1])
    began = time.monotonic()
    kill_running("begins", "manual__1", user="ada", session=session)
    assert time.monotonic() - began < processes_after_stop.OVERWRITE_PATIENCE_SECONDS / 2


@pytest.mark.parametrize("written", ["up_for_reschedule", "up_for_retry", "deferred"])
def test_a_wait_undoes_what_the_process_writes_last(jobs, process, session, written):
    """With a wait, a sensor that puts itself aside in the moment of the kill, or a deferring task, is failed again."""
    _write(session, 1, pid=4712)
    killed = kill_running("begins", "manual__1", user="ada", session=session)
    process(_write, 0, state=written)
    process(_end, *jobs)
    assert await_stopped(killed, 30, session=session) == ()
    assert states("begins", session) == {("sleep", 0): "failed", ("sleep", 1): "failed", "after": "failed"}


def test_a_skip_outlasts_a_failure_in_the_last_moment(jobs, process, session):
    """With a wait, a skipped task that fails before it is told to end stays skipped; what follows and the run go on."""
    _write(session, 1, pid=4712)
    skipped = skip_task_instance("begins", "manual__1", "sleep", user="ada", session=session)
    process(_fail_with_the_run, 0)
    process(_end, *jobs)
    assert await_stopped(skipped, 30, session=session) == ()
    assert states("begins", session) == {("sleep", 0): "skipped", ("sleep", 1): "skipped", "after": None}
    assert run_row("begins", session).state == "queued"


@pytest.mark.parametrize("last", ["failed", "skipped", "up_for_retry"])
def test_a_success_outlasts_what_the_process_says_of_itself(jobs, process, session, last):
    """With a wait, a task that fails, or skips itself, before it is told to end is success still."""
    _write(session, 1, pid=4712)
    succeeded = succeed_task_instance("begins", "manual__1", "sleep", user="ada", session=session)
    if last == "failed":
        process(_fail_with_the_run, 0)
    else:
        process(_write, 0, state=last)
    process(_end, *jobs)
    assert await_stopped(succeeded, 30, session=session) == ()
    assert states("begins", session) == {("sleep", 0): "success", ("sleep", 1): "success", "after": None}
    assert run_row("begins", session).state == ("queued" if last == "failed" else "running")


def _fail_with_the_run(session, map_index):
    """Do what the process and then the scheduler do."""
    from airflow.models.dagrun import DagRun

    _write(session, map_index, state="failed")
    _write(session, -1, "after", state="upstream_failed")
    session.execute(update(DagRun.__table__).where(DagRun.dag_id == "begins").values(state="failed"))
    session.commit()


def test_a_task_to_restart_that_defers_in_the_last_moment_is_started_anew(jobs, process, session):
    """Without a process that could be told to end, what is to restart waits for the scheduler, not for its trigger."""
    _write(session, 0, state="failed")
    _end(session, jobs[0])
    _write(session, -1, "after", state="running", job_id=jobs[1], try_number=1)
    process(_defer_and_end, -1, "after", jobs[1])
    restart_failed("begins", "manual__1", user="ada", session=session)
    after = task_instance_rows("begins", session)["after", -1]
    assert (after["state"], after["next_method"]) == (None, None)


def _defer_and_end(session, map_index, task_id, job_id):
    """Write both in one transaction: whoever looked in between would take the process for ended, and wait no longer."""
    session.execute(_ending(job_id))
    _write(session, map_index, task_id, state="deferred", pid=4712, next_method="resume", next_kwargs={})


@pytest.mark.parametrize("stop", ["kill", "skip", "succeed", "restart"])
def test_a_trigger_that_fires_in_that_moment_wakes_nobody(deferred, stop, session):
    """A triggerer that has read a deferred task, and writes that it may go on, does not undo what was done to it."""
    if stop == "kill":
        kill_running("begins", "manual__1", task_id="after", user="ada", session=session)
    elif stop == "skip":
        skip_task_instance("begins", "manual__1", "after", user="ada", session=session)
    elif stop == "succeed":
        succeed_task_instance("begins", "manual__1", "after", user="ada", session=session)
    else:
        restart_failed("begins", "manual__1", user="ada", session=session)
    deferred.join()
    after = task_instance_rows("begins", session)["after", -1]
    expected = {"kill": "failed", "skip": "skipped", "succeed": "success", "restart": None}[stop]
    assert {name: after[name] for name in ("state", "trigger_id", "next_method", "next_kwargs")} == {
        "state": expected,
        "trigger_id": None,
        "next_method": None,
        "next_kwargs": None,
    }


@pytest.fixture
def deferred(dag, session):
    """A thread in which the triggerer has read the deferred task `after`, and writes it once it isn't deferred."""
    from airflow.models.trigger import Trigger
    from airflow.triggers.base import TriggerEvent

    trigger = Trigger("airflow.triggers.file.FileTrigger", {"filepath": "never"})
    session.add(trigger)
    session.commit()
    new_run(dag, session, {"sleep": "failed"})
    _write(
        session,
        -1,
        "after",
        state="deferred",
        try_number=1,
        trigger_id=trigger.id,
        next_method="resume",
        next_kwargs={},
    )
    has_read = threading.Event()

    class LateEvent(TriggerEvent):
        """An event that the triggerer comes to submit when the task instance was changed meanwhile."""

        @property
        def payload(self):
            """Wait for that change, and return what the event says."""
            has_read.set()
            while _state_of_after() == "deferred":
                time.sleep(0.02)
            return self._payload

        @payload.setter
        def payload(self, payload):
            self._payload = payload

    thread = threading.Thread(target=Trigger.submit_event, args=(trigger.id, LateEvent(True)), daemon=True)
    thread.start()
    assert has_read.wait(10)
    return thread


def _state_of_after():
    from airflow.models.taskinstance import TaskInstance
    from airflow.settings import engine

    table = TaskInstance.__table__
    with engine.connect() as connection:
        return connection.execute(
            select(table.c.state).where(table.c.dag_id == "begins", table.c.task_id == "after")
        ).scalar()


def test_a_success_in_the_last_moment_stays(jobs, process, session):
    """A task that succeeded before it was told to end has succeeded."""
    _write(session, 1, pid=4712)
    killed = kill_running("begins", "manual__1", user="ada", session=session)
    process(_write, 0, state="success")
    process(_end, *jobs)
    assert await_stopped(killed, 30, session=session) == ()
    assert states("begins", session)["sleep", 0] == "success"


def test_the_next_try_is_left_alone(jobs, session):
    """What has been started anew meanwhile, with a job of its own, is not failed by the wait for the last one."""
    _write(session, 1, pid=4712)
    killed = kill_running("begins", "manual__1", user="ada", session=session)
    _write(session, 0, state="running", job_id=jobs[1] + 1000, pid=5000)
    assert {each.map_index for each in await_stopped(killed, 0.5, session=session)} == {1}
    assert states("begins", session)["sleep", 0] == "running"


@pytest.fixture
def job_id(session) -> int:
    """The job of a task whose process is running."""
    return new_job(session)


def _touched(job_id):
    return TouchedTaskInstance(task_id="one", map_index=-1, state_before="running", state_after="failed", job_id=job_id)


def _change_job(session, job_id, **values):
    from airflow.jobs.job import Job

    session.execute(update(Job.__table__).where(Job.id == job_id).values(**values))
    session.commit()


def test_a_process_that_stays_is_named(session, job_id):
    """What is still running after the time is answered by name."""
    touched = _touched(job_id)
    began = time.monotonic()
    assert await_ended([touched, _touched(None)], 0.6, session=session) == (touched,)
    assert time.monotonic() - began >= 0.6


def test_a_process_that_ends_ends_the_wait(session, job_id):
    """The wait is over as soon as the last job has ended."""
    from airflow.settings import Session
    from airflow.utils import timezone

    def end():
        try:
            _change_job(Session(), job_id, state="success", end_date=timezone.utcnow())
        finally:
            Session.remove()

    timer = threading.Timer(0.3, end)
    timer.start()
    began = time.monotonic()
    assert await_ended([_touched(job_id)], 30, session=session) == ()
    assert time.monotonic() - began < 20
    timer.join()


def test_without_a_wait_it_looks_once(session, job_id):
    """With no seconds to wait the answer is what is running now."""
    touched = _touched(job_id)
    assert await_ended([touched], 0, session=session) == (touched,)
    assert await_ended([_touched(None)], 30, session=session) == ()


def test_a_job_without_a_heartbeat_is_gone(session, job_id):
    """A job that Airflow itself takes for dead, since its heartbeat is too old, is not waited for."""
    from airflow.utils import timezone

    _change_job(session, job_id, latest_heartbeat=timezone.utcnow() - timedelta(minutes=6))
    assert await_ended([_touched(job_id)], 30, session=session) == ()
