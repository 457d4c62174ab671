from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from shop import use

with DAG(
    "yaml_tags",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(task_id="flow", bash_command="echo hello")
    BashOperator(task_id="block", bash_command="echo 1 and more")
    BashOperator(task_id="reused", bash_command="echomore", env={"WHOLE": "ab", "PART": "plain"})
    BashOperator(task_id="long_form", bash_command="echo hello 3")
    PythonOperator(task_id="standard", python_callable=use, op_args=["1", 2, 3.0, True, None])
