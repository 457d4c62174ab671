"""What tests have deployed into the AIRFLOW_HOME and the database of their process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.stores import forget_files, tables_of_deployments
from support.versions import forget_requests

if TYPE_CHECKING:
    from pathlib import Path


def one_task(name: str, description: str = "The first") -> dict[str, Any]:
    """Return the body of a deploy of a DAG of one task."""
    definition = {
        "description": description,
        "default_args": {"owner": "ann", "start_date": "2024-01-01"},
        "schedule": None,
        "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
    }
    return {"workflow": {"name": name, "dag_config": {name: definition}}}


def forget_deployments(home: Path) -> None:
    """Take away every DAG with its files, runs, versions and import errors."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.settings import Session

    from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error

    forget_files(home)
    tables = tables_of_deployments()  # asks another connection, which would wait for this one
    session = Session()
    session.rollback()
    forget_requests(session)
    for model in (DagRun, SerializedDagModel, DagModel, parse_import_error()):
        session.query(model).delete()
    for table in tables:
        session.execute(table.delete())
    session.commit()
    Session.remove()
