from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from notify import failed, late, succeeded, tell

START = datetime(2024, 1, 1, tzinfo=timezone.utc)

with DAG(
    "by_file",
    schedule="@daily",
    sla_miss_callback=late,
    on_success_callback=succeeded,
    on_failure_callback=failed,
    default_args={"owner": "team", "start_date": START, "on_failure_callback": failed, "on_retry_callback": tell},
):
    BashOperator(
        task_id="a",
        bash_command="echo",
        sla=timedelta(hours=1),
        on_success_callback=succeeded,
        on_execute_callback=tell,
    )
    BashOperator.partial(task_id="b", on_retry_callback=failed).expand(bash_command=["echo 1", "echo 2"])
