from datetime import datetime, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.email import EmailOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import ExternalPythonOperator, PythonVirtualenvOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from shop import add

with DAG(
    "core", schedule="@daily", default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)}
):
    BashOperator(
        task_id="bash",
        bash_command="echo $LANG",
        env={"LANG": "C"},
        append_env=True,
        cwd="/tmp",
        skip_on_exit_code=[99, 100],
    )
    TriggerDagRunOperator(
        task_id="trigger",
        trigger_dag_id="other",
        trigger_run_id="from_{{ run_id }}",
        conf={"day": "{{ ds }}", "tables": ["orders"], "deep": {"limit": 10}},
        wait_for_completion=True,
        poke_interval=30,
        allowed_states=["success"],
        failed_states=["failed"],
        reset_dag_run=True,
        deferrable=True,
    )
    PythonVirtualenvOperator(
        task_id="virtualenv",
        python_callable=add,
        requirements=["pandas==2.2.0", "requests"],
        python_version="3.11",
        system_site_packages=False,
        op_args=[1, 2],
    )
    ExternalPythonOperator(
        task_id="external",
        python="/opt/venvs/pandas/bin/python",
        python_callable=add,
        op_kwargs={"x": 1},
        expect_airflow=False,
    )
    EmailOperator(
        task_id="email",
        to="team@example.org",
        cc=["boss@example.org"],
        subject="Report of {{ ds }}",
        html_content="<b>done</b>",
    )
    EmptyOperator(
        task_id="settings",
        owner="somebody",
        email=["a@example.org", "b@example.org"],
        retries=5,
        retry_exponential_backoff=True,
        depends_on_past=True,
        wait_for_past_depends_before_skipping=True,
        ignore_first_depends_on_past=False,
        wait_for_downstream=True,
        priority_weight=3,
        weight_rule="upstream",
        queue="heavy",
        pool="warehouse",
        pool_slots=2,
        run_as_user="etl",
        max_active_tis_per_dag=1,
        max_active_tis_per_dagrun=1,
        do_xcom_push=False,
        executor_config={"KubernetesExecutor": {"image": "registry.example.org/etl:3"}},
        resources={"cpus": 2, "ram": 1024},
    )
with DAG(
    "tasks_dates",
    schedule="@daily",
    default_args={"owner": "team", "start_date": datetime(2024, 1, 1, tzinfo=timezone.utc)},
):
    EmptyOperator(
        task_id="a",
        start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
        end_date=datetime(2029, 1, 1, 5, tzinfo=timezone.utc),
    )
