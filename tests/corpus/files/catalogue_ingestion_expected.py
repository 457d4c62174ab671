from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.python import PythonOperator
from shop import use

with DAG(
    "2f7e1a0c-6a2d-4c2f-9c38-7e3b6ad1f001",
    description="Ingests the tables of the shop.",
    schedule="5 * * * *",
    catchup=False,
    max_active_tasks=1,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_view="grid",
    orientation="LR",
    is_paused_upon_creation=False,
    tags=["OpenMetadata", "shop", "type:metadata", "service:mysql"],
    default_args={
        "owner": "openmetadata",
        "start_date": datetime(2026, 11, 1, tzinfo=timezone.utc),
        "retries": 0,
        "retry_delay": timedelta(seconds=300),
        "email_on_failure": False,
    },
):
    PythonOperator(
        task_id="ingestion_task",
        python_callable=use,
        op_kwargs={
            "workflow_config": {
                "source": {
                    "type": "mysql",
                    "serviceName": "shop",
                    "sourceConfig": {"config": {"type": "DatabaseMetadata", "includeViews": True, "threads": None}},
                },
                "sink": {"type": "metadata-rest", "config": {}},
                "workflowServerConfig": {
                    "openMetadataServerConfig": {
                        "hostPort": "http://openmetadata:8585/api",
                        "authProvider": "openmetadata",
                    }
                },
            }
        },
    )
