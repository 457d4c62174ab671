from datetime import datetime, timezone

from airflow import DAG
from airflow.macros import ds_format
from airflow.operators.bash import BashOperator
from dates import add_days, shout

with DAG(
    "macros",
    schedule=None,
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
    user_defined_macros={
        "host": "db.internal",
        "version": "1.2.3",
        "greeting": "hello",
        "limit": 100,
        "tables": ["orders", "customers"],
        "ds_of": ds_format,
        "days": {"later": add_days, "zone": "Europe/Amsterdam"},
        "later": add_days,
    },
    user_defined_filters={"shout": shout, "format_day": ds_format},
):
    BashOperator(task_id="a", bash_command="echo {{ host }} {{ later(ds, 3) }} {{ greeting | shout }}")
