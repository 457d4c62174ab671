from datetime import datetime, timedelta, timezone

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable

DEFAULT_ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}

with DAG(
    "timetable_object", schedule=CronTriggerTimetable("0 1 * * 3", timezone="Europe/Rome"), default_args=DEFAULT_ARGS
):
    BashOperator(task_id="a", bash_command="echo")
with DAG(
    "schedule_object",
    schedule=CronTriggerTimetable("@daily", timezone="UTC", interval=timedelta(hours=1)),
    default_args=DEFAULT_ARGS,
):
    BashOperator(task_id="a", bash_command="echo")
with DAG("cron_interval", schedule=CronDataIntervalTimetable("30 2 * * *", timezone="UTC"), default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("delta_interval", schedule=DeltaDataIntervalTimetable(timedelta(hours=8)), default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG(
    "events",
    schedule=EventsTimetable(
        event_dates=[
            datetime(2024, 4, 5, 8, 27, tzinfo=pendulum.timezone("America/Chicago")),
            datetime(2024, 4, 17, 8, tzinfo=timezone.utc),
        ],
        description="The team's releases",
    ),
    default_args=DEFAULT_ARGS,
):
    BashOperator(task_id="a", bash_command="echo")
