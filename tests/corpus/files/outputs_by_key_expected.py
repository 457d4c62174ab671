from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import task
from airflow.operators.python import PythonOperator

with DAG(
    "by_key", schedule=None, default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
):
    picked = task(task_id="pick", multiple_outputs=True)(shop.pick)()
    task(task_id="show")(shop.show)(value=picked["first"], label=picked["second"])
    PythonOperator(
        task_id="use",
        python_callable=shop.use,
        op_args=[picked["first"], 2],
        op_kwargs={"second": picked["second"], "nested": {"all": [picked["first"], picked]}},
    )
    task(task_id="each")(shop.show).partial(label=picked["first"]).expand(value=[1, 2])
