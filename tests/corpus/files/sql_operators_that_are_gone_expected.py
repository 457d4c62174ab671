from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

with DAG(
    "gone",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2021, 1, 1, tzinfo=timezone.utc)},
):
    SQLExecuteQueryOperator(task_id="postgres", conn_id="dwh", sql="SELECT 1", autocommit=True, database="shop")
    SQLExecuteQueryOperator(task_id="mysql", conn_id="shop", sql="SELECT 1", parameters={"a": 1})
    SQLExecuteQueryOperator(task_id="sqlite", conn_id="lite", sql=["SELECT 1", "SELECT 2"])
    SQLExecuteQueryOperator(task_id="mssql", conn_id="ms", sql="SELECT 1")
    SQLExecuteQueryOperator(task_id="jdbc", conn_id="jdbc", sql="SELECT 1")
    SQLExecuteQueryOperator(
        task_id="snowflake", conn_id="snow", sql="SELECT 1", hook_params={"warehouse": "small", "schema": "shop"}
    )
