from datetime import datetime, timezone

from airflow import DAG
from airflow.models.param import Param
from airflow.operators.bash import BashOperator

with DAG(
    "service.schema.pipeline",
    schedule="@daily",
    tags=["portal"],
    params={"table": "orders", "limit": Param(10, type="integer", minimum=1)},
    default_args={"owner": "portal", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc), "retries": 0},
):
    BashOperator(
        task_id="echo", bash_command="echo {{ params.table }} {{ params.limit }}", params={"table": "customers"}
    )
