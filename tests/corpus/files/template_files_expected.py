from datetime import datetime, timezone
from pathlib import Path

import shop
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
FOLDER = Path(shop.__file__).parent

with DAG(
    "templates",
    schedule="@daily",
    template_searchpath=str(FOLDER),
    default_args={"owner": "team", "start_date": START, "conn_id": "warehouse"},
):
    SQLExecuteQueryOperator(task_id="beside_the_dags", sql="sql/orders.sql")
    SQLExecuteQueryOperator(task_id="below_the_callables", sql="sql/customers.sql")
    SQLExecuteQueryOperator(task_id="several", sql=["sql/orders.sql", "SELECT 1", "sql/customers.sql"])
    BashOperator(task_id="script", bash_command="scripts/load.sh")
with DAG(
    "searched",
    schedule="@daily",
    template_searchpath=[str(FOLDER / "sql"), str(FOLDER / "scripts")],
    default_args={"owner": "team", "start_date": START},
):
    SQLExecuteQueryOperator(task_id="query", conn_id="warehouse", sql="customers.sql")
    BashOperator(task_id="script", bash_command="load.sh")
