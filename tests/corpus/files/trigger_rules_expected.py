from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

START = datetime(2024, 1, 1, tzinfo=timezone.utc)

with DAG("every_rule", schedule=None, default_args={"owner": "team", "start_date": START}):
    a = BashOperator(task_id="a", bash_command="echo")
    a >> EmptyOperator(task_id="all_success", trigger_rule="all_success")
    a >> EmptyOperator(task_id="all_failed", trigger_rule="all_failed")
    a >> EmptyOperator(task_id="all_done", trigger_rule="all_done")
    a >> EmptyOperator(task_id="all_skipped", trigger_rule="all_skipped")
    a >> EmptyOperator(task_id="one_success", trigger_rule="one_success")
    a >> EmptyOperator(task_id="one_failed", trigger_rule="one_failed")
    a >> EmptyOperator(task_id="one_done", trigger_rule="one_done")
    a >> EmptyOperator(task_id="none_failed", trigger_rule="none_failed")
    a >> EmptyOperator(task_id="none_skipped", trigger_rule="none_skipped")
    a >> EmptyOperator(task_id="always", trigger_rule="always")
    a >> EmptyOperator(task_id="min_one", trigger_rule="none_failed_min_one_success")

with DAG(
    "deprecated_names",
    schedule=None,
    default_args={"owner": "team", "start_date": START, "trigger_rule": "none_failed_min_one_success"},
):
    EmptyOperator(task_id="a") >> EmptyOperator(task_id="b", trigger_rule="always")
