from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "date_forms",
    schedule=None,
    dagrun_timeout=timedelta(days=1),
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 5, 17, 6, tzinfo=timezone.utc),
        "end_date": datetime(2030, 1, 1, 6, 30, tzinfo=timezone.utc),
        "retry_delay": timedelta(minutes=5),
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=2, minutes=30),
        "sla": timedelta(hours=3),
    },
):
    BashOperator(task_id="a", bash_command="echo")

with DAG(
    "seconds",
    schedule=None,
    dagrun_timeout=timedelta(hours=1),
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 5, 17, 6, tzinfo=timezone.utc),
        "retry_delay": timedelta(seconds=30),
        "sla": timedelta(hours=2),
    },
):
    BashOperator(task_id="a", bash_command="echo", execution_timeout=timedelta(minutes=15))
    BashOperator(
        task_id="b", bash_command="echo", sla=timedelta(minutes=1), retries=2, retry_delay=timedelta(seconds=90)
    )

with DAG(
    "words",
    schedule=None,
    dagrun_timeout=timedelta(days=1),
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 5, 17, tzinfo=timezone.utc),
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=1),
    },
):
    BashOperator(task_id="a", bash_command="echo", execution_timeout=timedelta(seconds=90))
