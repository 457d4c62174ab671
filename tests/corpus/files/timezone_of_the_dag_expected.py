from datetime import datetime, timedelta, timezone

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "lisbon",
    schedule="30 6 * * 1-5",
    start_date=pendulum.datetime(2024, 3, 1, tz="Europe/Lisbon"),
    end_date=pendulum.datetime(2030, 1, 1, tz="Europe/Lisbon"),
    default_args={"owner": "team"},
):
    BashOperator(task_id="a", bash_command="echo")

with DAG(
    "utc_start",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2)))},
):
    BashOperator(task_id="a", bash_command="echo")
