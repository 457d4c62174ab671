from datetime import datetime, timezone

from airflow import DAG
from airflow.datasets import Dataset, DatasetAlias
from airflow.operators.bash import BashOperator

DEFAULT_ARGS = {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}

with DAG("writes_an_alias", schedule=None, default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo", outlets=[DatasetAlias("todays_orders")])
with DAG("waits_for_an_alias", schedule=[DatasetAlias("todays_orders")], default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("either", schedule=(DatasetAlias("todays_orders") | Dataset("s3://lake/stock")), default_args=DEFAULT_ARGS):
    BashOperator(task_id="a", bash_command="echo")
