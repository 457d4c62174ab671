from datetime import datetime, timezone

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator

with DAG(
    "variables",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    BashOperator(task_id="from_variable", bash_command=Variable.get("greeting"))
    BashOperator(task_id="over_its_default", bash_command=Variable.get("greeting", default_var="echo default"))
    BashOperator(task_id="default_holds", bash_command=Variable.get("not_there", default_var="echo default"))
