from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc), "retries": 2}

with DAG("first", schedule="@daily", default_args=ARGS):
    start = BashOperator(task_id="start", bash_command="echo")
    start >> BashOperator(task_id="second", bash_command="echo second")
with DAG("second", description="two lines become one", schedule="@daily", default_args={**ARGS, "retries": 5}):
    BashOperator(task_id="start", bash_command="set -e\necho {{ ds }}\n")
    BashOperator(
        task_id="yes_and_no",
        bash_command="echo 'on'",
        env={"ON": "on", "DAY": "2024-01-01", "NUMBER": "010"},
        depends_on_past=True,
        append_env=False,
    )
