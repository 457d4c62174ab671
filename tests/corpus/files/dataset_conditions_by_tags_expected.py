from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

DEFAULT_ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
orders, customers, stock = Dataset("s3://lake/orders"), Dataset("s3://lake/customers"), Dataset("s3://lake/stock")

with DAG("by_tags", schedule=(orders & customers) | stock, default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("all_by_tag", schedule=(orders & customers), default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
