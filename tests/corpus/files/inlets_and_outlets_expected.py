from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

with DAG(
    "lineage",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(
        task_id="uris",
        bash_command="echo",
        inlets=[Dataset("s3://raw/shop")],
        outlets=[Dataset("s3://lake/orders"), Dataset("s3://lake/customers")],
    )
    BashOperator(task_id="objects", bash_command="echo", outlets=[Dataset("s3://lake/stock", extra={"team": "stock"})])
    BashOperator.partial(task_id="mapped", outlets=[Dataset("s3://lake/parts")]).expand(
        bash_command=["echo 1", "echo 2"]
    )
