from datetime import datetime, timedelta, timezone

import shop
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

with DAG(
    "merged",
    schedule="@daily",
    params={"size": 20, "region": "eu"},
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "env": {"LANG": "C", "LEVEL": "debug"},
    },
):
    BashOperator(
        task_id="load",
        bash_command="load",
        executor_config={"labels": {"team": "shop", "kind": "reload"}},
        execution_timeout=timedelta(hours=1),
        env={"LANG": "C", "TABLE": "stock", "DAY": "{{ ds }}"},
    )
    PythonOperator(
        task_id="sum",
        python_callable=shop.use,
        op_kwargs={"table": "orders", "options": {"strict": True, "limit": 20}},
    )
