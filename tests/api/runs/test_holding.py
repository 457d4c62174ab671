"""What a task's own process writes just after it was stopped does not undo the stop."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.runs import await_stopped, holding, kill_running, restart_failed, skip_task_instance
from support.dag_runs import new_dag, new_run, run_row, states, store, task_instance_rows


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
    from airflow.jobs.job import Job
    from airflow.utils import timezone

    ended = {"state": "success", "end_date": timezone.utcnow()}
    session.execute(update(Job.__table__).where(Job.id.in_(job_ids)).values(**ended))
    session.commit()


@pytest.fixture
def process():
    """Does, half a second after it was called with it, what a task's process would do: process(write, *arguments)."""
    timers = []

    def later(write, *arguments, **values):
        from airflow.settings import Session

        def act():
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
    assert time.monotonic() - began < holding.PATIENCE_SECONDS / 3


def test_a_process_that_never_writes_its_pid_is_not_waited_for_long(jobs, monkeypatch, session):
    """After its patience a kill returns all the same, and what it did stays done."""
    monkeypatch.setattr(holding, "PATIENCE_SECONDS", 0.6)
    began = time.monotonic()
    kill_running("begins", "manual__1", user="ada", session=session)
    assert time.monotonic() - began >= 0.6
    assert set(states("begins", session).values()) == {"failed"}


def test_a_process_that_ends_before_its_pid_is_there_is_waited_for_no_longer(jobs, process, session):
    """A job that ended cannot write any more."""
    process(_end, jobs[1])
    began = time.monotonic()
    kill_running("begins", "manual__1", user="ada", session=session)
    assert time.monotonic() - began < holding.PATIENCE_SECONDS / 2


@pytest.mark.parametrize("written", ["up_for_reschedule", "up_for_retry", "deferred"])
def test_a_wait_undoes_what_the_process_writes_last(jobs, process, session, written):
    """With a wait, a sensor that puts itself aside in the moment of the kill, or a deferring task, is failed again."""
    _write(session, 1, pid=4712)
    killed = kill_running("begins", "manual__1", user="ada", session=session)
    process(_write, 0, state=written)
    process(_end, *jobs)
    assert await_stopped(killed, 30, session=session) == ()
    assert states("begins", session) == {("sleep", 0): "failed", ("sleep", 1): "failed", "after": "failed"}


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
