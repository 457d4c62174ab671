from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.common.sql.operators.sql import (
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLIntervalCheckOperator,
    SQLTableCheckOperator,
    SQLValueCheckOperator,
)

with DAG(
    "sql_operators",
    schedule="@daily",
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "conn_id": "warehouse",
    },
):
    SQLExecuteQueryOperator(
        task_id="query",
        sql=["DELETE FROM day WHERE ds = %(day)s", "INSERT INTO day SELECT * FROM today"],
        parameters={"day": "{{ ds }}"},
        autocommit=True,
        split_statements=False,
    )
    SQLColumnCheckOperator(
        task_id="columns",
        table="orders",
        column_mapping={
            "id": {"null_check": {"equal_to": 0}, "distinct_check": {"geq_to": 100}},
            "price": {"min": {"greater_than": 0}, "max": {"less_than": 1000, "tolerance": 0.1}},
        },
    )
    SQLTableCheckOperator(task_id="table", table="orders", checks={"row_count": {"check_statement": "COUNT(*) > 0"}})
    SQLValueCheckOperator(task_id="value", sql="SELECT count(*) FROM orders", pass_value=100, tolerance=0.05)
    SQLIntervalCheckOperator(task_id="interval", table="orders", metrics_thresholds={"COUNT(*)": 1.5}, days_back=-7)
