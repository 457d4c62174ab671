# Airflow 2 always gives the context; provide_context says nothing to it.
from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from shop import choose, load

with DAG(
    "with_context",
    schedule="@daily",
    catchup=False,
    default_args={"owner": "team", "start_date": datetime(2019, 1, 1, tzinfo=timezone.utc)},
):
    first = PythonOperator(task_id="load", python_callable=load, op_kwargs={"table": "orders"})
    branch = BranchPythonOperator(task_id="choose", python_callable=choose)
    first >> branch >> [EmptyOperator(task_id="weekday"), EmptyOperator(task_id="weekend")]
