from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.utils.task_group import TaskGroup
from notify import failed

ARGUMENTS = {
    "schedule": "@daily",
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("as_maps", **ARGUMENTS):
    start = BashOperator(task_id="start", bash_command="echo")
    with TaskGroup("ingest", tooltip="this is a task group", default_args={"retries": 3}) as ingest:
        orders = BashOperator(task_id="orders", bash_command="echo")
        orders >> BashOperator(task_id="customers", bash_command="echo")
        with TaskGroup("clean", tooltip="this is another"):
            dedupe = PythonOperator(task_id="dedupe", python_callable=shop.extract)
            orders >> dedupe >> BashOperator.partial(task_id="each").expand(bash_command=["echo 1", "echo 2"])
    with TaskGroup("report", prefix_group_id=False, ui_color="#e8f7e4", ui_fgcolor="#333") as report:
        BashOperator(task_id="write", bash_command="echo")
    start >> ingest
    report << ingest
    BashOperator(task_id="end", bash_command="echo") << [report, start]

with DAG("as_lists", **ARGUMENTS):
    with TaskGroup("ingest", tooltip="this is a task group", default_args={"on_failure_callback": failed}) as ingest:
        task(task_id="total")(shop.total)(values=task(task_id="numbers")(shop.numbers)())
    with TaskGroup("empty_words") as empty_words:
        last = EmptyOperator(task_id="last")
    ingest >> last
