from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.sensors.python import PythonSensor
from checks import has_rows, is_healthy
from shop import poke

with DAG(
    "old_sensors",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2021, 1, 1, tzinfo=timezone.utc)},
):
    ExternalTaskSensor(
        task_id="other_dag",
        external_dag_id="upstream_dag",
        external_task_id="last",
        execution_delta=timedelta(hours=1),
        mode="reschedule",
    )
    PythonSensor(task_id="old_python", python_callable=poke)
    HttpSensor(task_id="http", endpoint="health", response_check=is_healthy)
    SqlSensor(task_id="rows", conn_id="warehouse", sql="SELECT count(*) FROM orders", success=has_rows)
