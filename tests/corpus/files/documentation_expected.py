from datetime import datetime, timezone
from pathlib import Path

import manual
from airflow import DAG
from airflow.operators.bash import BashOperator

ARGUMENTS = {
    "schedule": None,
    "default_args": {"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
}

with DAG("written_here", doc_md="## The shop\nEvery night.", **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo", doc_md="*one* echo")
    BashOperator(task_id="b", bash_command="echo", doc="plain", doc_json='{"a": 1}')
with DAG("from_a_file", **ARGUMENTS) as dag:
    dag.doc_md = (Path(manual.__file__).parent / "docs" / "shop.md").read_text()
    BashOperator(task_id="a", bash_command="echo")
with DAG("from_a_function", doc_md=manual.describe(team="sales", tables=["orders", "customers"]), **ARGUMENTS):
    BashOperator(task_id="a", bash_command="echo")
