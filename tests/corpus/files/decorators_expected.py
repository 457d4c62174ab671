from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import task
from airflow.operators.empty import EmptyOperator

PYTHON = "/opt/venvs/pandas/bin/python"

with DAG(
    "decorated", schedule=None, default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
):
    task.python(task_id="python")(shop.add)(x=1)
    task(task_id="old_python")(shop.add)(x=2)
    task.branch(task_id="branch")(shop.choose)() >> EmptyOperator(task_id="weekday")
    task.short_circuit(task_id="short_circuit", ignore_downstream_trigger_rules=False)(shop.is_working_day)()
    task.sensor(task_id="sensor", poke_interval=30, timeout=3600, mode="reschedule")(shop.poke)()
    task.virtualenv(task_id="virtualenv", requirements=["pandas==2.2.0"], system_site_packages=False)(shop.add)(x=1)
    task.external_python(task_id="external_python", python=PYTHON)(shop.add)(x=1)
    task.kubernetes(task_id="pod", name="add", image="python:3.11-slim", namespace="etl", in_cluster=True)(shop.add)(
        x=1
    )
