from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

COMMON = {
    "max_active_tasks": 1,
    "max_active_runs": 1,
    "dagrun_timeout": timedelta(minutes=10),
    "default_view": "grid",
    "orientation": "LR",
}
DEFAULT_ARGS = {
    "owner": "default_owner",
    "start_date": datetime(2020, 1, 1, tzinfo=timezone.utc),
    "retries": 1,
    "retry_delay": timedelta(seconds=300),
}

with DAG(
    "daily_orders",
    description="the orders",
    schedule="0 3 * * *",
    default_args={**DEFAULT_ARGS, "owner": "orders_team"},
    **COMMON,
):
    BashOperator(task_id="fetch", bash_command="echo fetch") >> BashOperator(task_id="store", bash_command="echo store")

with DAG(
    "daily_customers",
    schedule="0 1 * * *",
    tags=["customers", "daily"],
    default_args={**DEFAULT_ARGS, "retries": 3},
    **COMMON,
):
    BashOperator(task_id="fetch", bash_command="echo fetch")

with DAG("never", schedule=None, catchup=False, default_args=DEFAULT_ARGS, **COMMON):
    EmptyOperator(task_id="nothing")
