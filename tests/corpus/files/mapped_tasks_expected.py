from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from shop import add, numbers, use

with DAG(
    "mapped",
    schedule=None,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc), "retries": 1},
):
    counted = PythonOperator(task_id="numbers", python_callable=numbers)
    PythonOperator.partial(task_id="literal", python_callable=add).expand(op_args=[[1], [2], [3]])
    PythonOperator.partial(task_id="by_output", python_callable=use).expand(op_args=counted.output)
    PythonOperator.partial(task_id="by_xcom_arg", python_callable=use, op_kwargs={"table": "orders"}).expand(
        op_args=counted.output
    )
    PythonOperator.partial(task_id="maps", python_callable=use).expand(
        op_kwargs=[{"table": "orders"}, {"table": "customers"}]
    )
    BashOperator.partial(task_id="two_arguments").expand(
        bash_command=["echo 1", "echo 2"], env=[{"A": "a"}, {"A": "b"}]
    )
