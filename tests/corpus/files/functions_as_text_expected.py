from datetime import datetime, timezone

from airflow import DAG
from airflow.macros import ds_add
from airflow.operators.python import PythonOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.sensors.external_task import ExternalTaskSensor
from airflow.sensors.python import PythonSensor
from airflow.utils.timezone import convert_to_utc, utcnow
from checks import is_healthy, only_body

with DAG(
    "functions",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    PythonOperator(task_id="imported", python_callable=ds_add, op_args=["{{ ds }}", 1])
    ExternalTaskSensor(task_id="date_fn", external_dag_id="upstream_dag", execution_date_fn=convert_to_utc)
    HttpOperator(
        task_id="response",
        http_conn_id="shop",
        endpoint="orders",
        method="GET",
        response_check=is_healthy,
        response_filter=only_body,
    )
    PythonSensor(task_id="sensor", python_callable=utcnow)
