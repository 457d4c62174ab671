from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import task

with DAG(
    "decorated_later",
    schedule=None,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    task.bash(task_id="bash", env={"LANG": "C"})(shop.command)()
    task.branch_virtualenv(task_id="branch_virtualenv", requirements=["pandas==2.2.0"])(shop.choose)()
    task.branch_external_python(task_id="branch_external_python", python="/opt/venvs/pandas/bin/python")(shop.choose)()
