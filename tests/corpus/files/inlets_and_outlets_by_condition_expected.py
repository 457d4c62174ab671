from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset
from airflow.operators.bash import BashOperator

orders, customers, stock = Dataset("s3://lake/orders"), Dataset("s3://lake/customers"), Dataset("s3://lake/stock")

with DAG(
    "lineage_by_condition",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(
        task_id="both", bash_command="echo", inlets=[orders, customers], outlets=[stock, Dataset("s3://lake/parts")]
    )
    BashOperator(
        task_id="named",
        bash_command="echo",
        inlets=[orders, customers, stock],
        outlets=[Dataset("s3://lake/report"), Dataset("s3://lake/sums"), Dataset("s3://lake/means")],
    )
