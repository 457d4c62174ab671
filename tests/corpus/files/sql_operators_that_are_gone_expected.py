from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

# The packages of 2.7.3's days have these operators themselves; the other packages are not installed here.
try:
    from airflow.providers.postgres.operators.postgres import PostgresOperator
    from airflow.providers.sqlite.operators.sqlite import SqliteOperator
except ImportError:
    PostgresOperator = SqliteOperator = None

with DAG(
    "gone",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2021, 1, 1, tzinfo=timezone.utc), "postgres_conn_id": "dwh"},
):
    if PostgresOperator is None:
        SQLExecuteQueryOperator(
            task_id="postgres", conn_id="dwh", sql="SELECT 1", autocommit=True, hook_params={"database": "shop"}
        )
        SQLExecuteQueryOperator(task_id="sqlite", conn_id="lite", sql=["SELECT 1", "SELECT 2"])
    else:
        PostgresOperator(task_id="postgres", postgres_conn_id="dwh", sql="SELECT 1", autocommit=True, database="shop")
        SqliteOperator(task_id="sqlite", sqlite_conn_id="lite", sql=["SELECT 1", "SELECT 2"])
    SQLExecuteQueryOperator(task_id="mysql", conn_id="shop", sql="SELECT 1", parameters={"a": 1})
    SQLExecuteQueryOperator(task_id="mssql", conn_id="ms", sql="SELECT 1")
    SQLExecuteQueryOperator(task_id="jdbc", conn_id="jdbc", sql="SELECT 1")
    SQLExecuteQueryOperator(
        task_id="snowflake", conn_id="snow", sql="SELECT 1", hook_params={"warehouse": "small", "schema": "shop"}
    )
