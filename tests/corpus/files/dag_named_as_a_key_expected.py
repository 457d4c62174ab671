from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "tags",
    schedule="@daily",
    tags=["lists"],
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(task_id="tag", bash_command="echo")
