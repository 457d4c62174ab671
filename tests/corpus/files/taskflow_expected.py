from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import task

with DAG(
    "taskflow",
    schedule="0 3 * * *",
    catchup=False,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    some_number = task(task_id="some_number", retries=2)(shop.add)(x=1, y=2)
    numbers_list = task(task_id="numbers_list")(shop.numbers)()
    numbers_list >> task(task_id="another")(shop.add)(x=some_number, y=some_number)
    doubled = task(task_id="double_number")(shop.add).expand(x=numbers_list)
    task(task_id="add_with_more")(shop.add).partial(y=some_number).expand(x=[0, 1, 2])
    task(task_id="total", trigger_rule="all_done", do_xcom_push=False)(shop.total)(values=doubled)
