"""Waits until the processes of stopped task instances have ended on their workers."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.configuration import conf
from airflow.jobs.job import Job
from airflow.utils import timezone
from sqlalchemy import and_, exists, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

_JOB = Job.__table__
_POLL_SECONDS = 0.5


def await_ended(
    task_instances: Iterable[TouchedTaskInstance], seconds: float, *, session: Session
) -> tuple[TouchedTaskInstance, ...]:
    """Wait until the processes of task instances have ended; return the task instances whose process has not.

    seconds: how long to wait at most; with 0 this looks once. A process has ended when its LocalTaskJob has, which
    outlives it and its on_kill. A job without a heartbeat for [scheduler] scheduler_zombie_task_threshold seconds
    counts as ended too, as it does for Airflow itself. The session must have nothing pending.
    """
    still_running = [task_instance for task_instance in task_instances if task_instance.job_id is not None]
    deadline = time.monotonic() + seconds
    while still_running:
        job_ids = {task_instance.job_id for task_instance in still_running if task_instance.job_id is not None}
        alive = _alive(job_ids, session=session)
        still_running = [task_instance for task_instance in still_running if task_instance.job_id in alive]
        seconds_left = deadline - time.monotonic()
        if not still_running or seconds_left <= 0:
            break
        time.sleep(min(_POLL_SECONDS, seconds_left))
    return tuple(still_running)


def _alive(job_ids: set[int], *, session: Session) -> set[int]:
    alive = set(session.execute(select(_JOB.c.id).where(_JOB.c.id.in_(sorted(job_ids)), job_alive())).scalars())
    session.rollback()  # the next look has to see what is committed meanwhile, and no connection is held until then
    return alive


def job_alive() -> ColumnElement:
    """Return the condition for jobs whose process may still run: not ended, and with a recent heartbeat."""
    silence = timedelta(seconds=conf.getint("scheduler", "scheduler_zombie_task_threshold"))
    return and_(
        _JOB.c.state.in_(["running", "restarting"]),
        _JOB.c.end_date.is_(None),
        _JOB.c.latest_heartbeat > timezone.utcnow() - silence,
    )


def process_alive(job_id: ColumnElement) -> ColumnElement:
    """Return the column that tells whether the process of the job with this id may still run."""
    return exists().where(_JOB.c.id == job_id, job_alive()).label("process_alive")
