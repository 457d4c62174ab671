"""Reads what decides when a run's tasks start, apart from the tasks themselves, in a fixed number of statements."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.jobs.job import Job
from airflow.models.dag import DagModel
from airflow.models.pool import Pool
from airflow.models.taskreschedule import TaskReschedule
from sqlalchemy import func, select

from openmetadata_airflow_apis.runs.dag_import_errors import import_error_of
from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.task_instance_rows import TI

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
_JOB = Job.__table__
_RESCHEDULE = TaskReschedule.__table__
_NEWEST_JOBS = 100
_ACTIVE = ("running", "queued")


@dataclass(frozen=True)
class Service:
    """The processes of one kind that Airflow needs. alive: how many run; heartbeat: the newest, None for never."""

    alive: int
    heartbeat: datetime | None


@dataclass(frozen=True)
class SchedulingFacts:
    """What the scheduler goes by, as it was at one moment.

    dag: the row of the DAG, None if there is none. active_runs: the run_ids of the DAG's running runs, by their start.
    active_tasks: how many task instances of the DAG are running or queued, by run_id and task_id; active_anywhere: of
    all DAGs. queues: how many are running, by queue and host. rescheduled: when the run's rescheduled task instances
    start again, by task_id and map_index.
    """

    now: datetime
    dag: Row | None
    import_error: str | None
    scheduler: Service
    triggerer: Service
    active_runs: Sequence[str]
    active_tasks: Mapping[tuple[str, str], int]
    active_anywhere: int
    pools: Mapping[str, Any]
    queues: Mapping[str, Mapping[str, int]]
    rescheduled: Mapping[tuple[str, int], datetime]

    @property
    def active_in_dag(self) -> int:
        """How many task instances of the DAG are running or queued."""
        return sum(self.active_tasks.values())

    def active_of_task(self, task_id: str, run_id: str | None = None) -> int:
        """Return how many task instances of a task are running or queued, in one run or in all."""
        return sum(
            number for (run, task), number in self.active_tasks.items() if task == task_id and run_id in {None, run}
        )


def facts_about(run: Row, queues: Collection[str], *, now: datetime, session: Session) -> SchedulingFacts:
    """Read the facts about a run. queues: those that its task instances wait in. Nine statements at most."""
    dag = session.execute(
        select(
            _DAG.c.is_paused,
            _DAG.c.is_active,
            _DAG.c.has_import_errors,
            _DAG.c.max_active_runs,
            _DAG.c.max_active_tasks,
            _DAG.c.fileloc,
        ).where(_DAG.c.dag_id == run.dag_id)
    ).first()
    services = _services(now, session=session)
    active_runs = session.execute(
        select(RUN.c.run_id)
        .where(RUN.c.dag_id == run.dag_id, RUN.c.state == "running")
        .order_by(RUN.c.start_date, RUN.c.id)
    ).scalars()
    active_tasks = session.execute(
        select(TI.c.run_id, TI.c.task_id, func.count())
        .where(TI.c.dag_id == run.dag_id, TI.c.state.in_(_ACTIVE))
        .group_by(TI.c.run_id, TI.c.task_id)
    )
    return SchedulingFacts(
        now=now,
        dag=dag,
        import_error=import_error_of(run.dag_id, dag.fileloc, session=session) if dag is not None else None,
        scheduler=services["SchedulerJob"],
        triggerer=services["TriggererJob"],
        active_runs=list(active_runs),
        active_tasks={(run_id, task_id): number for run_id, task_id, number in active_tasks},
        active_anywhere=session.execute(
            select(func.count()).select_from(TI).where(TI.c.state.in_(_ACTIVE))
        ).scalar_one(),
        pools=Pool.slots_stats(session=session),
        queues=_running_in(queues, session=session),
        rescheduled=_rescheduled(run, session=session),
    )


def _services(now: datetime, *, session: Session) -> dict[str, Service]:
    """Return the schedulers and triggerers, alive by the same measure as in Airflow's own /health."""
    silence = {
        "SchedulerJob": conf.getint("scheduler", "scheduler_health_check_threshold"),
        "TriggererJob": conf.getfloat("triggerer", "triggerer_health_check_threshold"),
    }
    jobs = session.execute(
        select(_JOB.c.job_type, _JOB.c.state, _JOB.c.latest_heartbeat)
        .where(_JOB.c.job_type.in_(list(silence)))
        .order_by(_JOB.c.latest_heartbeat.desc())
        .limit(_NEWEST_JOBS)
    ).all()
    return {
        job_type: Service(
            alive=sum(
                job.job_type == job_type
                and job.state == "running"
                and (now - job.latest_heartbeat).total_seconds() < seconds
                for job in jobs
            ),
            heartbeat=next((job.latest_heartbeat for job in jobs if job.job_type == job_type), None),
        )
        for job_type, seconds in silence.items()
    }


def _running_in(queues: Collection[str], *, session: Session) -> dict[str, dict[str, int]]:
    numbers: dict[str, dict[str, int]] = {queue: Counter() for queue in queues}
    if queues:
        rows = session.execute(
            select(TI.c.queue, TI.c.hostname, func.count())
            .where(TI.c.state == "running", TI.c.queue.in_(sorted(queues)))
            .group_by(TI.c.queue, TI.c.hostname)
        )
        for queue, hostname, number in rows:
            numbers[queue][hostname] = number
    return numbers


def _rescheduled(run: Row, *, session: Session) -> dict[tuple[str, int], datetime]:
    rows = session.execute(
        select(_RESCHEDULE.c.task_id, _RESCHEDULE.c.map_index, func.max(_RESCHEDULE.c.reschedule_date))
        .where(_RESCHEDULE.c.dag_id == run.dag_id, _RESCHEDULE.c.run_id == run.run_id)
        .group_by(_RESCHEDULE.c.task_id, _RESCHEDULE.c.map_index)
    )
    return {(task_id, map_index): date for task_id, map_index, date in rows}
