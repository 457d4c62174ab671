"""What the signed-in user of the page may do; who may not deploy gets no check of a text and no list of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.www.extensions.init_auth_manager import get_auth_manager
from flask import abort

from openmetadata_airflow_apis.security.operation_permissions import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_DAGS = 100  # that the page may ask for at once


def refuse_unless_may_deploy() -> None:
    """End the request with 401 or 403 if the user may not deploy."""
    if not get_auth_manager().is_logged_in():
        abort(401)
    if not may("deploy_dag", None):
        abort(403)


def may(operation_id: str, dag_id: str | None) -> bool:
    """Tell whether the user may call an operation, on this DAG or, if it is None, on all DAGs."""
    return all(permission.granted(dag_id) for permission in PERMISSIONS[operation_id])


def permissions_on(dag_ids: Sequence[str]) -> dict[str, Any]:
    """Return what the page needs to know of permissions.

    guarded: the operations that need one. operations: those that the user may call on all DAGs. dags: on each of these.
    """
    return {
        "guarded": list(PERMISSIONS),
        "operations": _allowed(None),
        "dags": {dag_id: _allowed(dag_id) for dag_id in dag_ids[:_MOST_DAGS]},
    }


def _allowed(dag_id: str | None) -> list[str]:
    """Return the operations that the user may call, on this DAG or, if it is None, on all DAGs."""
    return [operation_id for operation_id in PERMISSIONS if may(operation_id, dag_id)]
