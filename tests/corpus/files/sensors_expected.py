from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sensors.bash import BashSensor
from airflow.sensors.date_time import DateTimeSensor
from airflow.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
from airflow.sensors.filesystem import FileSensor
from airflow.sensors.python import PythonSensor
from airflow.sensors.time_delta import TimeDeltaSensor
from airflow.sensors.weekday import DayOfWeekSensor
from checks import has_rows, is_broken, is_healthy
from dates import day_before
from shop import poke

with DAG(
    "sensors",
    schedule="@daily",
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "timeout": 600,
        "poke_interval": 30,
    },
):
    ExternalTaskSensor(
        task_id="other_tasks",
        external_dag_id="upstream_dag",
        external_task_ids=["one", "two"],
        execution_delta=timedelta(hours=2),
        allowed_states=["success", "skipped"],
        failed_states=["failed"],
    )
    ExternalTaskSensor(
        task_id="by_function", external_dag_id="upstream_dag", execution_date_fn=day_before, check_existence=True
    )
    HttpSensor(task_id="health", http_conn_id="shop", endpoint="health", request_params={}, response_check=is_healthy)
    SqlSensor(
        task_id="rows",
        conn_id="warehouse",
        sql="SELECT count(*) FROM orders",
        success=has_rows,
        failure=is_broken,
        hook_params={"schema": "shop"},
    )
    FileSensor(task_id="file", filepath="/data/orders-{{ ds_nodash }}.csv", fs_conn_id="files")
    PythonSensor(task_id="python", python_callable=poke, soft_fail=True)
    BashSensor(task_id="command", bash_command="test -f /data/orders.csv")
    TimeDeltaSensor(task_id="delta", delta=timedelta(hours=1))
    DateTimeSensor(task_id="until", target_time="{{ data_interval_end.replace(hour=3) }}")
    DayOfWeekSensor(task_id="weekday", week_day=["Saturday", "Sunday"])
    ExternalTaskMarker(task_id="marker", external_dag_id="downstream_dag", external_task_id="wait")
