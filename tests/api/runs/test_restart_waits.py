"""Restarting what has just been killed: its processes are waited for, since they would write into the new try."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from openmetadata_airflow_apis.conflict_errors import NothingFailed, TaskIsStopping
from openmetadata_airflow_apis.runs import kill_running, processes_after_stop, restart_failed
from openmetadata_airflow_apis.runs import restart as restart_module
from support.dag_runs import new_dag, new_job, new_run, put_states, run_row, states, store, task_instance_rows


@pytest.fixture
def dag(session):
    """A DAG of a mapped task with two indexes, and one task after it."""
    from airflow.operators.bash import BashOperator

    with new_dag("waits") as dag:
        BashOperator.partial(task_id="sleep").expand(bash_command=["sleep 600"] * 2) >> BashOperator(
            task_id="after", bash_command="true", trigger_rule="all_done"
        )
    store(dag, session)
    return dag


@pytest.fixture
def killed(dag, session) -> list[int]:
    """A killed run whose two processes are still there; the ids of their jobs."""
    job_ids = [new_job(session) for _ in range(2)]
    new_run(dag, session, {"sleep": "running"})
    for index, job_id in enumerate(job_ids):
        _set(session, "sleep", index, job_id=job_id, hostname="worker-1", pid=4711 + index)
    kill_running("waits", "manual__1", user="ada", session=session)
    return job_ids


@pytest.fixture
def impatient(monkeypatch):
    """A restart waits for half a second."""
    monkeypatch.setattr(processes_after_stop, "STOPPING_PATIENCE_SECONDS", 0.5)


def _set(session, task_id, map_index, **values):
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    these = (table.c.dag_id == "waits") & (table.c.task_id == task_id) & (table.c.map_index == map_index)
    session.execute(update(table).where(these).values(**values))
    session.commit()


def _set_job(session, job_id, **values):
    from airflow.jobs.job import Job

    session.execute(update(Job.__table__).where(Job.id == job_id).values(**values))
    session.commit()


def _end(session, job_id):
    from airflow.utils import timezone

    _set_job(session, job_id, state="success", end_date=timezone.utcnow())


def _restart(session, **arguments):
    return restart_failed("waits", "manual__1", user="ada", session=session, **arguments)


def _traces(session) -> list[str]:
    from airflow.models.log import Log

    return list(session.scalars(select(Log.event).where(Log.dag_id == "waits").order_by(Log.id)))


def test_a_restart_waits_for_the_killed_processes(killed, session):
    """A restart right after a kill is done as soon as the last process is gone."""
    from airflow.settings import Session

    _end(session, killed[0])
    seen = []

    def end():
        own = Session()
        try:
            seen.append((run_row("waits", own).state, states("waits", own)["sleep", 0]))
            _end(own, killed[1])
        finally:
            Session.remove()

    timer = threading.Timer(0.7, end)
    timer.start()
    began = time.monotonic()
    restarted = _restart(session)
    seconds = time.monotonic() - began
    timer.join()

    assert seen == [("failed", "failed")]  # read and written by another session meanwhile: nothing was held
    assert 0.7 <= seconds < 20
    assert (restarted.state, restarted.failed_task_count, restarted.clear_task_count) == ("queued", 3, 3)
    assert states("waits", session) == {("sleep", 0): None, ("sleep", 1): None, "after": None}


def test_a_process_that_does_not_end_is_named_and_nothing_changes(killed, impatient, session):
    """After the wait the restart is refused with task, host and pid, and everything is as it was."""
    run, task_instances, traces = (
        run_row("waits", session),
        task_instance_rows("waits", session),
        _traces(session),
    )
    with pytest.raises(TaskIsStopping) as refused:
        _restart(session)
    assert str(refused.value) == (
        "The last process of the task `sleep` at map_index 0 (host worker-1, pid 4711), like 1 more, has not ended yet "
        "in the DagRun `manual__1` of the DAG `waits`; nothing was changed, try again in a moment"
    )
    assert run_row("waits", session) == run
    assert task_instance_rows("waits", session) == task_instances
    assert _traces(session) == traces
    _end(session, killed[0])
    with pytest.raises(TaskIsStopping, match=r"`sleep` at map_index 1 \(host worker-1, pid 4712\) has not ended"):
        _restart(session)


def test_a_lost_worker_does_not_stand_in_the_way(killed, session):
    """A job that Airflow itself takes for dead, since its heartbeat is too old, is not waited for."""
    from airflow.utils import timezone

    for job_id in killed:
        _set_job(session, job_id, latest_heartbeat=timezone.utcnow() - timedelta(minutes=6))
    began = time.monotonic()
    assert _restart(session).clear_task_count == 3
    assert time.monotonic() - began < 10


def test_a_dry_run_does_not_wait(killed, session):
    """What a restart would clear is said at once, whatever is still ending."""
    began = time.monotonic()
    assert _restart(session, dry_run=True).clear_task_count == 3
    assert time.monotonic() - began < 10


def test_a_skipped_process_downstream_is_waited_for_too(dag, impatient, session):
    """What is cleared along with the failed ones must have ended as well."""
    new_run(dag, session, {"sleep": "failed", "after": "running"})
    _set(session, "after", -1, job_id=new_job(session), hostname="worker-2", pid=12)
    put_states("waits", {"after": "skipped"}, session)
    with pytest.raises(TaskIsStopping, match=r"`after` \(host worker-2, pid 12\) has not ended yet"):
        _restart(session)


def test_a_running_task_downstream_is_not_waited_for(dag, session):
    """A running one is told to restart, which Airflow knows how to do while its process is there."""
    new_run(dag, session, {"sleep": "failed", "after": "running"})
    _set(session, "after", -1, job_id=new_job(session), pid=13)
    began = time.monotonic()
    assert _restart(session).clear_task_count == 3
    assert time.monotonic() - began < 10
    assert states("waits", session)["after"] == "restarting"


def test_the_process_of_another_run_is_not_waited_for(dag, session):
    """Only what this restart clears counts."""
    new_run(dag, session, {"sleep": "failed", "after": "failed"}, run_state="failed")
    new_run(dag, session, {"sleep": "running"}, run_id="manual__2", job_id=new_job(session))
    kill_running("waits", "manual__2", user="ada", session=session)
    began = time.monotonic()
    assert _restart(session).clear_task_count == 3
    assert time.monotonic() - began < 10


def test_what_another_caller_has_restarted_meanwhile_is_left_to_it(killed, monkeypatch, session):
    """After the wait everything is looked at anew: what is not failed any more is not restarted twice."""
    await_ended = restart_module.await_ended

    def meanwhile(task_instances, seconds, *, session):
        for job_id in killed:
            _end(session, job_id)
        put_states("waits", {("sleep", 0): None, ("sleep", 1): None, "after": None}, session)
        return await_ended(task_instances, seconds, session=session)

    monkeypatch.setattr(restart_module, "await_ended", meanwhile)
    with pytest.raises(NothingFailed):
        _restart(session)


def test_the_look_under_the_lock_decides(killed, monkeypatch, session):
    """A process that is there when the run is locked is waited for, whatever a wait before it has said."""
    said = ["all gone", "all there"]

    def wait(task_instances, _seconds, *, session):
        return () if said.pop(0) == "all gone" else tuple(task_instances)

    monkeypatch.setattr(restart_module, "await_ended", wait)
    with pytest.raises(TaskIsStopping):
        _restart(session)
    assert said == []
