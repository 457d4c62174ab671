import json
from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.http.operators.http import HttpOperator

with DAG(
    "http_json",
    schedule="@daily",
    default_args={
        "owner": "team",
        "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "http_conn_id": "shop",
    },
):
    HttpOperator(
        task_id="as_map",
        endpoint="orders",
        method="POST",
        headers={"Content-Type": "application/json"},
        data=json.dumps({"day": "{{ ds }}", "limit": 10, "nested": {"all": True, "tables": ["orders"]}}),
    )
    HttpOperator(
        task_id="lower_case_header",
        endpoint="orders",
        headers={"content-type": "application/json; charset=utf-8"},
        data=json.dumps({"day": "{{ ds }}"}),
    )
    HttpOperator(
        task_id="already_text",
        endpoint="orders",
        headers={"Content-Type": "application/json"},
        data='{"day": "{{ ds }}"}',
    )
    HttpOperator(
        task_id="form",
        endpoint="orders",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data={"day": "{{ ds }}"},
    )
    HttpOperator(task_id="query", endpoint="orders", method="GET", data={"day": "{{ ds }}"})

with DAG(
    "http_json_of_old",
    schedule="@daily",
    default_args={
        "owner": "team",
        "start_date": datetime(2021, 1, 1, tzinfo=timezone.utc),
        "http_conn_id": "shop",
    },
):
    HttpOperator(
        task_id="as_list",
        endpoint="orders",
        headers={"CONTENT-TYPE": "Application/JSON"},
        data=json.dumps([1, "two", {"three": None}]),
    )
