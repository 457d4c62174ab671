from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

DEFAULT_ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
orders, customers = Dataset("s3://lake/orders"), Dataset("s3://lake/customers")

with DAG("producer", schedule="@daily", default_args=DEFAULT_ARGS):
    BashOperator(task_id="write", bash_command="echo", inlets=[Dataset("s3://raw/shop")], outlets=[orders, customers])
with DAG("consumer", schedule=[orders, customers], default_args=DEFAULT_ARGS):
    BashOperator(task_id="read", bash_command="echo")
