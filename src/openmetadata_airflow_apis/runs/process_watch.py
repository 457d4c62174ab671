"""Waits until the processes of stopped task instances are gone from the workers."""

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
    """Wait at most so many seconds until the processes are gone; return those that are not.

    A process is gone when its LocalTaskJob has ended, which it does after the process and its on_kill; or
    when that job has shown no heartbeat for [scheduler] scheduler_zombie_task_threshold seconds, as for
    Airflow itself. With 0 seconds it looks once. The session must have nothing pending.
    """
    with_process = [each for each in task_instances if each.job_id is not None]
    deadline = time.monotonic() + seconds
    while with_process:
        alive = _alive({each.job_id for each in with_process if each.job_id is not None}, session=session)
        with_process = [each for each in with_process if each.job_id in alive]
        left = deadline - time.monotonic()
        if not with_process or left <= 0:
            break
        time.sleep(min(_POLL_SECONDS, left))
    return tuple(with_process)


def _alive(job_ids: set[int], *, session: Session) -> set[int]:
    found = session.execute(select(_JOB.c.id).where(_JOB.c.id.in_(sorted(job_ids)), job_alive()))
    alive = set(found.scalars())
    session.rollback()  # the next look is to see what was committed in between, and no connection is held meanwhile
    return alive


def job_alive() -> ColumnElement:
    """Return the condition of jobs whose process may still be there: not ended, and heard of not long ago."""
    silence = timedelta(seconds=conf.getint("scheduler", "scheduler_zombie_task_threshold"))
    return and_(
        _JOB.c.state.in_(["running", "restarting"]),
        _JOB.c.end_date.is_(None),
        _JOB.c.latest_heartbeat > timezone.utcnow() - silence,
    )


def process_alive(job_id: ColumnElement) -> ColumnElement:
    """Return the column that tells whether the process of the job with this id may still be there."""
    return exists().where(_JOB.c.id == job_id, job_alive()).label("process_alive")
