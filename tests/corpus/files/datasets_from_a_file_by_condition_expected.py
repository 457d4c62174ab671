from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

orders, customers, stock = Dataset("s3://lake/orders"), Dataset("s3://lake/customers"), Dataset("s3://lake/stock")

with DAG(
    "consumer_of_either",
    schedule=(orders & customers) | stock,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(task_id="read", bash_command="echo")
