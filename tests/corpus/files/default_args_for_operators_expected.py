from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.http.sensors.http import HttpSensor
from checks import is_healthy

with DAG(
    "arguments_for_all",
    schedule="@daily",
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "conn_id": "warehouse",
        "http_conn_id": "shop",
        "env": {"LANG": "C"},
        "poke_interval": 10,
        "mode": "reschedule",
    },
):
    SQLExecuteQueryOperator(task_id="query", sql="SELECT 1")
    HttpSensor(task_id="health", endpoint="health", response_check=is_healthy)
    BashOperator(task_id="echo", bash_command="echo")
    BashOperator(task_id="own", bash_command="echo", env={"LANG": "de"})
