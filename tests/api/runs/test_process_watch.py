"""Waiting for the processes of stopped task instances."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.runs import TouchedTaskInstance
from openmetadata_airflow_apis.runs.process_watch import await_ended
from support.dag_runs import new_job


@pytest.fixture
def job_id(session) -> int:
    """The job of a task whose process is running."""
    return new_job(session)


def _touched(job_id):
    return TouchedTaskInstance(task_id="one", map_index=-1, state_before="running", state_after="failed", job_id=job_id)


def _change(session, job_id, **values):
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
            _change(Session(), job_id, state="success", end_date=timezone.utcnow())
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

    _change(session, job_id, latest_heartbeat=timezone.utcnow() - timedelta(minutes=6))
    assert await_ended([_touched(job_id)], 30, session=session) == ()
