"""deploy: operators by the paths of older releases."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from airflow.models.dagbag import DagBag
from airflow.models.serialized_dag import SerializedDagModel

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.deploy import deploy
from support.versions import AIRFLOW
from support.workflows import request

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
# The operators' own packages have them no more with Airflow 2.11.2.
GONE = AIRFLOW >= (2, 11)

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*This class is deprecated:DeprecationWarning")


def test_sql_operators_of_1_10_are_deployed(session, settings, dags, monkeypatch):
    """SQL operators of 1.10 are deployed as what they are in this installation, and parse to the same DAG."""
    monkeypatch.setenv("AIRFLOW__OPENMETADATA_AIRFLOW_APIS__DAG_GENERATED_CONFIGS", str(settings.dag_generated_configs))
    document = request(
        tasks={
            "pg": {"operator": "airflow.operators.postgres_operator.PostgresOperator", "sql": "select 1"},
            "lite": {
                "operator": "airflow.providers.sqlite.operators.sqlite.SqliteOperator",
                "sqlite_conn_id": "x",
                "sql": "select 1",
            },
        },
        default_args={"owner": "team", "start_date": "2024-01-01", "postgres_conn_id": "dwh"},
    )

    made = deploy(check_workflow(document, settings, now=NOW), user="ada", settings=settings, session=session)
    session.commit()

    assert (made.state, made.import_error) == ("parsed", None)
    stored = SerializedDagModel.get("nightly", session=session).dag
    assert {task.task_id: task.task_type for task in stored.tasks} == {
        "pg": "SQLExecuteQueryOperator" if GONE else "PostgresOperator",
        "lite": "SQLExecuteQueryOperator" if GONE else "SqliteOperator",
    }
    bag = DagBag(made.fileloc, include_examples=False)
    assert bag.import_errors == {}
    assert {task.task_id: task.conn_id for task in bag.dags["nightly"].tasks} == {"pg": "dwh", "lite": "x"}
    assert SerializedDagModel.write_dag(bag.dags["nightly"], processor_subdir=str(dags), session=session) is False
