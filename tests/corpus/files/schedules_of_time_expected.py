from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from dateutil.relativedelta import relativedelta

ARGUMENTS = {
    "catchup": False,
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("cron", schedule="*/20 8-18 * * mon-fri", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("preset", schedule="@weekly", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("monthly", schedule="@monthly", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("once", schedule="@once", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("quoted_none", schedule=None, **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("lower_none", schedule=None, **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("null_schedule", schedule=None, **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("no_word_of_it", description="runs once a day", schedule=timedelta(days=1), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("continuous", schedule="@continuous", max_active_runs=1, **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("interval", schedule=timedelta(hours=6), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("every_two_weeks", schedule=timedelta(weeks=2), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
with DAG("relative", schedule=relativedelta(months=1, day=15), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
