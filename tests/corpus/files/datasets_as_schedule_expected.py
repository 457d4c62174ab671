from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

DEFAULT_ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
orders = Dataset("s3://lake/orders")
customers = Dataset("s3://lake/customers")
stock = Dataset("s3://lake/stock", extra={"team": "stock"})

with DAG("one_list", schedule=[orders, customers], default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("list_in_datasets", schedule=[orders, customers], default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("objects", schedule=[orders, stock], default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("builtin_list", schedule=[orders], default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
