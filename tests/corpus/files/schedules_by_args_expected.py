from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

ARGUMENTS = {
    "catchup": False,
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("by_args", schedule=timedelta(days=1, hours=1), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("by_one_number", schedule=timedelta(days=7), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
