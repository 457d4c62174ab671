from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from notify import failed, succeeded

with DAG(
    "example_dag1",
    description="this is an example dag!",
    schedule="0 3 * * *",
    default_args={
        "owner": "example_owner",
        "start_date": datetime(2018, 1, 1, tzinfo=timezone.utc),
        "end_date": datetime(2018, 1, 5, tzinfo=timezone.utc),
        "retries": 1,
        "retry_delay": timedelta(seconds=300),
    },
    max_active_tasks=1,
    max_active_runs=1,
    dagrun_timeout=timedelta(seconds=60),
    default_view="grid",
    orientation="LR",
    on_success_callback=succeeded,
    on_failure_callback=failed,
):
    task_1 = BashOperator(task_id="task_1", bash_command="echo 1")
    task_2 = BashOperator(task_id="task_2", bash_command="echo 2")
    task_3 = BashOperator(task_id="task_3", bash_command="echo 3")
    task_1 >> [task_2, task_3]
