from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

ARGUMENTS = {
    "schedule": "@daily",
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("as_map", **ARGUMENTS):
    extract = BashOperator(task_id="extract", bash_command="echo extract")
    extract >> BashOperator(task_id="load", bash_command="echo load it")
with DAG("as_list", **ARGUMENTS):
    extract = BashOperator(task_id="extract", bash_command="echo extract")
    load = BashOperator(task_id="load", bash_command="echo load that")
    extract >> load >> BashOperator(task_id="more", bash_command="echo more")
