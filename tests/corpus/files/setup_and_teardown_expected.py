from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import setup, task, teardown
from airflow.operators.bash import BashOperator

ARGUMENTS = {
    "schedule": "@daily",
    "catchup": False,
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("cluster", **ARGUMENTS):
    create = BashOperator(task_id="create", bash_command="echo create").as_setup()
    run = BashOperator(task_id="run", bash_command="echo run")
    delete = BashOperator(task_id="delete", bash_command="echo delete")
    create >> run >> delete.as_teardown(setups=create, on_failure_fail_dagrun=True)

with DAG("decorated_cluster", **ARGUMENTS):
    created = setup(task(task_id="create")(shop.extract))()
    shown = task(task_id="run")(shop.show)(value=created)
    shown >> teardown(on_failure_fail_dagrun=True)(task(task_id="delete")(shop.show))(value=created)
