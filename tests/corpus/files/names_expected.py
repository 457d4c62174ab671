from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

ARGUMENTS = {
    "schedule": None,
    "default_args": {"owner": "catalogue", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("2372c559-0000-4000-8000-c33e471cb05d", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("warehouse.public.orders", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo") >> BashOperator(task_id="b.c", bash_command="echo")
with DAG("1st_of-the.month", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("20240101", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
