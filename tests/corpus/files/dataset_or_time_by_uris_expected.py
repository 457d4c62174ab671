from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator
from airflow.timetables.datasets import DatasetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

DEFAULT_ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
orders, customers = Dataset("s3://lake/orders"), Dataset("s3://lake/customers")
wednesdays = CronTriggerTimetable("0 1 * * 3", timezone="UTC")

with DAG(
    "by_uris",
    schedule=DatasetOrTimeSchedule(timetable=wednesdays, datasets=[orders, customers]),
    default_args=DEFAULT_ARGS,
):
    BashOperator(task_id="a", bash_command="echo")
with DAG(
    "by_condition",
    schedule=DatasetOrTimeSchedule(timetable=wednesdays, datasets=(orders | customers)),
    default_args=DEFAULT_ARGS,
):
    BashOperator(task_id="a", bash_command="echo")
