from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "later_settings",
    dag_display_name="Later settings",
    max_consecutive_failed_dag_runs=3,
    schedule=None,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(
        task_id="a",
        bash_command="echo",
        task_display_name="The echo",
        executor="SequentialExecutor",
        logger_name="etl.load",
    )
