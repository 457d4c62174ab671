"""Every kind of schedule can be triggered, and gives the dates that Airflow's own trigger gives."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.dag import DAG
from sqlalchemy import select

from openmetadata_airflow_apis.conflict_errors import ScheduleFails
from openmetadata_airflow_apis.errors import InvalidRequest
from openmetadata_airflow_apis.runs import run_partial, trigger_dag
from support.dag_runs import START, store

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

# Beside the presets: of each field of a cron expression one that fires often, and one that seldom does.
CRONS = (
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "30 */2 * * *",
    "0 3 * * *",
    "0 3 * * 1-5",
    "0 3 1 * *",
    "0 0 1 */3 *",
    "0 0 28 2 *",
    "0 0 1 1 *",
    "0 12 * * 1#1",
    "*/30 * * * * 15",
    "@midnight",
    "@annually",
)
LOGICAL_DATE = datetime(2026, 3, 29, 1, 30, tzinfo=timezone.utc)


def _presets() -> list[str]:
    from airflow.timetables._cron import cron_presets

    return ["@once", "@continuous", *cron_presets]


def _objects() -> dict[str, Callable[[], Any]]:
    from airflow.datasets import Dataset
    from airflow.timetables.events import EventsTimetable
    from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
    from airflow.timetables.trigger import CronTriggerTimetable
    from dateutil.relativedelta import relativedelta
    from pendulum import timezone as zone

    made: dict[str, Callable[[], Any]] = {
        "none": lambda: None,
        "a timedelta of minutes": lambda: timedelta(minutes=5),
        "a timedelta of days": lambda: timedelta(days=2),
        "a relativedelta": lambda: relativedelta(months=1),
        "a weekday's relativedelta": lambda: relativedelta(weekday=0),
        "datasets": lambda: [Dataset("s3://lake/a"), Dataset("s3://lake/b")],
        "a cron's data interval": lambda: CronDataIntervalTimetable("0 * * * *", zone("Europe/Amsterdam")),
        "a delta's data interval": lambda: DeltaDataIntervalTimetable(timedelta(hours=1)),
        "a cron's trigger": lambda: CronTriggerTimetable("*/10 * * * *", timezone=zone("Europe/Amsterdam")),
        "a cron's trigger with an interval": lambda: CronTriggerTimetable(
            "0 * * * *", timezone=zone("UTC"), interval=timedelta(hours=1)
        ),
        "events": lambda: EventsTimetable([START, START + timedelta(days=400)], restrict_to_events=False),
        "events and nothing between": lambda: EventsTimetable(
            [START, START + timedelta(days=400)], restrict_to_events=True
        ),
    }
    try:
        from airflow.timetables.datasets import DatasetOrTimeSchedule
    except ImportError:  # Airflow < 2.9
        pass
    else:
        made["a condition on datasets"] = lambda: Dataset("s3://lake/a") | Dataset("s3://lake/b")
        made["datasets or time"] = lambda: DatasetOrTimeSchedule(
            timetable=CronTriggerTimetable("0 * * * *", timezone=zone("UTC")), datasets=[Dataset("s3://lake/a")]
        )
    try:
        from airflow.timetables.trigger import DeltaTriggerTimetable, MultipleCronTriggerTimetable
    except ImportError:  # Airflow < 2.11
        pass
    else:
        made["a delta's trigger"] = lambda: DeltaTriggerTimetable(timedelta(minutes=30))
        made["several crons"] = lambda: MultipleCronTriggerTimetable("0 * * * *", "*/7 3 * * *", timezone=zone("UTC"))
    return made


SCHEDULES: dict[str, Callable[[], Any]] = {
    **{text: lambda text=text: text for text in (*_presets(), *CRONS)},
    **_objects(),
}


@pytest.fixture(params=SCHEDULES)
def schedule(request) -> Any:
    return SCHEDULES[request.param]()


def _dag(dag_id: str, schedule: Any, session: Session, *, catchup: bool) -> DAG:
    from airflow.operators.empty import EmptyOperator

    dag = DAG(dag_id, start_date=START, schedule=schedule, catchup=catchup, max_active_runs=1)
    EmptyOperator(task_id="only", dag=dag)
    store(dag, session)
    return dag


def _dates(dag_id: str, session: Session) -> list[tuple[Any, ...]]:
    from airflow.models.dagrun import DagRun

    columns = (DagRun.execution_date, DagRun.data_interval_start, DagRun.data_interval_end, DagRun.run_id)
    return session.execute(select(*columns).where(DagRun.dag_id == dag_id)).all()


@pytest.mark.parametrize("catchup", [False, True])
def test_a_trigger_gives_the_dates_that_airflows_own_gives(schedule, session, catchup):
    """For a date that was named, run_id, logical_date and data interval are those of Airflow's own trigger."""
    from airflow.api.common.trigger_dag import _trigger_dag
    from airflow.models.dagbag import DagBag

    dag = _dag("scheduled", schedule, session, catchup=catchup)
    _trigger_dag("scheduled", DagBag(read_dags_from_db=True), execution_date=_coerced(LOGICAL_DATE))
    expected = _dates("scheduled", session)
    store(dag, session)

    trigger_dag("scheduled", logical_date=LOGICAL_DATE, user="ada", session=session)

    assert _dates("scheduled", session) == expected


@pytest.mark.parametrize("start", ["whole", "partial"])
def test_a_trigger_without_a_date_runs_now(schedule, session, start):
    """Without a date a run, or a partial one, is of this moment, with the data interval that the timetable gives it."""
    dag = _dag("scheduled", schedule, session, catchup=False)
    before = datetime.now(timezone.utc)

    if start == "whole":
        trigger_dag("scheduled", user="ada", session=session)
    else:
        run_partial("scheduled", ["only"], user="ada", session=session)

    ((logical_date, *interval, run_id),) = _dates("scheduled", session)
    assert before <= logical_date <= datetime.now(timezone.utc)
    assert tuple(interval) == tuple(dag.timetable.infer_manual_data_interval(run_after=_coerced(logical_date)))
    assert run_id == f"manual__{logical_date.isoformat()}"


def _coerced(moment: datetime) -> Any:
    from airflow.utils.timezone import coerce_datetime

    return coerce_datetime(moment)


FAR_DATES = [datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)]


@pytest.mark.parametrize("logical_date", FAR_DATES, ids=["the first day", "the last day"])
def test_a_date_that_a_schedule_cannot_reckon_with_is_refused(schedule, logical_date, session):
    """A run of the calendar's first or last day is created, or refused with the reason."""
    from airflow.models.dag import DAG
    from airflow.operators.empty import EmptyOperator

    dag = DAG("scheduled", start_date=START, schedule=schedule, catchup=False, max_active_runs=1)
    EmptyOperator(task_id="only", dag=dag, start_date=START)
    store(dag, session)
    try:
        trigger_dag("scheduled", logical_date=logical_date, user="ada", session=session)
    except (InvalidRequest, ScheduleFails):  # MySQL keeps neither of the two days
        assert _dates("scheduled", session) == []
    else:
        assert [run[0] for run in _dates("scheduled", session)] == [logical_date]
