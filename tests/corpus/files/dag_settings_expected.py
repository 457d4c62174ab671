from datetime import datetime, timezone

from airflow import DAG
from airflow.models.param import Param
from airflow.operators.python import PythonOperator
from shop import use

with DAG(
    "every_setting",
    description="All that a DAG has",
    schedule="0 3 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    end_date=datetime(2030, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_tasks=4,
    max_active_runs=2,
    default_view="graph",
    orientation="TB",
    tags=["b", "a"],
    params={
        "table": "orders",
        "limit": Param(10, type="integer", minimum=1),
        "day": Param(None, type=["null", "string"], format="date"),
    },
    is_paused_upon_creation=True,
    render_template_as_native_obj=True,
    fail_stop=True,
    owner_links={"team": "https://wiki.example.org/team"},
    default_args={"owner": "team", "do_xcom_push": False, "params": {"table": "customers"}},
):
    PythonOperator(
        task_id="native",
        python_callable=use,
        op_args=["{{ params.limit }}", "{{ data_interval_start }}"],
        params={"limit": 3},
    )
