import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "amsterdam",
    schedule="0 3 * * *",
    default_args={
        "owner": "team",
        "start_date": pendulum.datetime(2024, 1, 1, tz="Europe/Amsterdam"),
        "end_date": pendulum.datetime(2030, 7, 1, 12, tz="Europe/Amsterdam"),
    },
):
    BashOperator(task_id="a", bash_command="echo")
