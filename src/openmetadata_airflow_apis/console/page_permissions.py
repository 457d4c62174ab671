"""What the signed-in user of the page may do; who may not deploy gets no check of a text and no list of operators."""

from __future__ import annotations

from airflow.www.extensions.init_auth_manager import get_auth_manager
from flask import abort

from openmetadata_airflow_apis.security.operation_permissions import PERMISSIONS


def refuse_unless_may_deploy() -> None:
    """End the request with 401 or 403 if the user may not deploy."""
    if not get_auth_manager().is_logged_in():
        abort(401)
    if not may("deploy_dag", None):
        abort(403)


def may(operation_id: str, dag_id: str | None) -> bool:
    """Tell whether the user may call an operation, on this DAG or, if it is None, on all DAGs."""
    return all(permission.granted(dag_id) for permission in PERMISSIONS[operation_id])


def allowed(dag_id: str | None) -> list[str]:
    """Return the operations that the user may call, on this DAG or, if it is None, on all DAGs."""
    return [operation_id for operation_id in PERMISSIONS if may(operation_id, dag_id)]
