from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from notify import failed
from shop import extract

with DAG(
    "sample_flat",
    description="the body of 0.1",
    schedule="0 3 * * *",
    catchup=False,
    max_active_tasks=2,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=1),
    default_view="grid",
    orientation="TB",
    on_failure_callback=failed,
    default_args={
        "owner": "openmetadata",
        "email": "team@example.org",
        "start_date": datetime(2026, 11, 1, tzinfo=timezone.utc),
        "end_date": datetime(2030, 1, 1, tzinfo=timezone.utc),
        "retries": 3,
        "retry_delay": timedelta(seconds=300),
    },
):
    first = PythonOperator(task_id="extract", python_callable=extract)
    first >> BashOperator(task_id="report", bash_command="echo {{ ds }}")
