from datetime import datetime, timezone

import shop
from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator

with DAG(
    "named_indexes",
    schedule=None,
    dag_display_name="Named indexes",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    each = task(task_id="each", map_index_template="{{ task.op_kwargs['x'] }}", task_display_name="Each number")
    each(shop.add).partial(y=1).expand(x=[1, 2])
    BashOperator.partial(task_id="commands", map_index_template="{{ task.bash_command }}").expand(
        bash_command=["echo 1", "echo 2"]
    )
