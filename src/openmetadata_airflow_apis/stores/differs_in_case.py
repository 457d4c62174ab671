"""A dag_id that differs from a deployed one in upper and lower case alone is refused."""

from __future__ import annotations

from openmetadata_airflow_apis.conflict_errors import DiffersInCase


def refuse_in_other_case(dag_id: str, deployed_id: str) -> None:
    """Raise DiffersInCase for another dag_id than that of a deployed DAG. Both are the same in dag_ids.folded."""
    if deployed_id != dag_id:
        raise DiffersInCase(dag_id, deployed_id)
