"""A dag_id that differs from a deployed one in upper and lower case alone is refused."""

from __future__ import annotations

from openmetadata_airflow_apis.conflicts import DiffersInCase
from openmetadata_airflow_apis.definition.dag_ids import folded


def refuse_twin(dag_id: str, deployed_id: str) -> None:
    """Raise DiffersInCase if a deployed DAG has another dag_id which is the same in lower case."""
    if deployed_id != dag_id and folded(deployed_id) == folded(dag_id):
        raise DiffersInCase(dag_id, deployed_id)
