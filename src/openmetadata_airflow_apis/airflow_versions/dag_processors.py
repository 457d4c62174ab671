"""Which DAG processors run, by the rows with heartbeats that Airflow keeps of its processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.configuration import conf
from airflow.jobs.job import Job
from airflow.utils import timezone
from airflow.utils.state import JobState
from sqlalchemy import func, select

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

_JOB = Job.__table__


@dataclass(frozen=True)
class DagProcessor:
    """The DAG processors of one host. is_alive: whether one of them runs, and has left a heartbeat lately."""

    hostname: str
    latest_heartbeat: datetime
    is_alive: bool


def dag_processors(*, session: Session) -> dict[str, DagProcessor]:
    """Return the DAG processors that Airflow has rows of, ended or not, by hostname. One statement.

    In Airflow < 3.0 each scheduler includes one, unless they are processes of their own ([scheduler]
    standalone_dag_processor).
    """
    standalone = conf.getboolean("scheduler", "standalone_dag_processor", fallback=False)
    job_type = "DagProcessorJob" if standalone else "SchedulerJob"
    alive_since = timezone.utcnow() - timedelta(seconds=conf.getint("scheduler", "scheduler_health_check_threshold"))
    rows = session.execute(
        select(_JOB.c.hostname, _JOB.c.state, func.max(_JOB.c.latest_heartbeat).label("latest_heartbeat"))
        .where(_JOB.c.job_type == job_type, _JOB.c.hostname.is_not(None), _JOB.c.latest_heartbeat.is_not(None))
        .group_by(_JOB.c.hostname, _JOB.c.state)
    )
    processors: dict[str, DagProcessor] = {}
    for row in rows:
        same_host = processors.get(row.hostname)
        is_alive = row.state == JobState.RUNNING and row.latest_heartbeat >= alive_since
        processors[row.hostname] = DagProcessor(
            row.hostname,
            max(row.latest_heartbeat, same_host.latest_heartbeat) if same_host else row.latest_heartbeat,
            is_alive or (same_host is not None and same_host.is_alive),
        )
    return processors
