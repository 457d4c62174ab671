# A key with null is a key that isn't there. Inside an argument's value null is None.
from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from shop import use

with DAG(
    "nulls",
    schedule=None,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(task_id="a", bash_command="echo")
    PythonOperator(task_id="b", python_callable=use, op_kwargs={"limit": None, "tables": [None, "orders"]})
