from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.email import EmailOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.providers.http.sensors.http import HttpSensor
from airflow.sensors.filesystem import FileSensor
from checks import is_healthy
from shop import is_working_day, load
from team.loads import load_customers

with DAG(
    "core_of_1_10",
    schedule="@once",
    default_args={
        "owner": "airflow",
        "depends_on_past": False,
        "start_date": datetime(2019, 6, 1, tzinfo=timezone.utc),
        "email": ["airflow@example.org"],
        "email_on_failure": False,
        "email_on_retry": False,
        "retries": 1,
        "retry_delay": timedelta(seconds=300),
        "queue": "bash_queue",
        "pool": "backfill",
        "priority_weight": 10,
        "weight_rule": "absolute",
        "wait_for_downstream": False,
    },
):
    EmptyOperator(task_id="dummy")
    BashOperator(
        task_id="bash", bash_command="echo", env={"LANG": "C"}, output_encoding="utf-8", max_active_tis_per_dag=2
    )
    PythonOperator(
        task_id="python",
        python_callable=load,
        op_kwargs={"table": "orders"},
        templates_dict={"day": "{{ ds }}"},
        templates_exts=[".sql"],
    )
    PythonOperator(task_id="nested", python_callable=load_customers)
    ShortCircuitOperator(task_id="short", python_callable=is_working_day)
    EmailOperator(task_id="email", to=["team@example.org"], subject="{{ ds }}", html_content="done", files=[])
    TriggerDagRunOperator(task_id="trigger", trigger_dag_id="other")
    LatestOnlyOperator(task_id="latest")
    FileSensor(task_id="file", filepath="/data/orders.csv")
    HttpSensor(task_id="http", endpoint="health", response_check=is_healthy)
    SqlSensor(task_id="sql", conn_id="warehouse", sql="SELECT 1")
