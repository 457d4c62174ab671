from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.utils.task_group import TaskGroup

ARGUMENTS = {
    "schedule": "@daily",
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("orders", **ARGUMENTS):
    start = BashOperator(task_id="start", bash_command="echo start")
    with TaskGroup("loads", tooltip="the loads"):
        start >> BashOperator(task_id="load", bash_command="echo load orders")
with DAG("customers", **ARGUMENTS):
    start = BashOperator(task_id="start", bash_command="echo start")
    with TaskGroup("loads", tooltip="the customers"):
        load = BashOperator(task_id="load", bash_command="echo load customers", retries=2)
    start >> load >> BashOperator(task_id="report", bash_command="echo report")
with DAG("stock", **ARGUMENTS):
    start = BashOperator(task_id="start", bash_command="echo start")
    with TaskGroup("loads", tooltip="the loads"):
        start >> BashOperator(task_id="load", bash_command="echo load")
