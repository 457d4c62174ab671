# Counted from the midnight of the deployment, here on 2026-11-22.
import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "since_two_days",
    schedule="@daily",
    default_args={"owner": "team", "start_date": pendulum.datetime(2026, 11, 20, tz="UTC")},
):
    BashOperator(task_id="a", bash_command="echo")

with DAG(
    "since_yesterday_in_berlin",
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 11, 21, tz="Europe/Berlin"),
    default_args={"owner": "team"},
):
    BashOperator(task_id="a", bash_command="echo")
