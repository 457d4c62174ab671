"""The permissions on one DAG as Airflow's versions name them, and how its auth manager is asked who may do what."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session


_ACTIONS = {"GET": "can_read", "PUT": "can_edit", "POST": "can_create", "DELETE": "can_delete"}
# The resources that Airflow asks about besides the DAG, for its runs, their task instances, and the logs of these.
ENTITY_RESOURCES = {
    "RUN": ("DAG Runs",),
    "TASK_INSTANCE": ("DAG Runs", "Task Instances"),
    "TASK_LOGS": ("Task Logs",),
}


def make_dag_permissions(dag: DAG, *, session: Session) -> None:
    """Make the permissions on one DAG that roles can be granted, as the DAG processor does. Commits."""
    from airflow.models.dagbag import DagBag

    DagBag._sync_perm_for_dag(dag, session=session)  # noqa: SLF001 - Airflow < 3 has no public way without an app


def dag_permission_names(dag_id: str) -> list[str]:
    """Return the names of the permission resources of one DAG: itself and its runs."""
    from airflow.security import permissions

    if hasattr(permissions, "resource_name"):
        return [
            permissions.resource_name(dag_id, of) for of in (permissions.RESOURCE_DAG, permissions.RESOURCE_DAG_RUN)
        ]
    return [permissions.resource_name_for_dag(dag_id)]  # Airflow < 2.10 has none for runs


def may_on_dag(method: str, dag_id: str | None = None, entity: str | None = None) -> bool:
    """Tell whether the request's user may GET, PUT, POST or DELETE a DAG, or all DAGs if none is named.

    entity: "RUN", "TASK_INSTANCE" or "TASK_LOGS" asks about these of the DAG, and about the DAG itself if one is named.
    """
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    if hasattr(manager, "is_authorized_dag"):  # Airflow < 2.8 has no such method
        from airflow.auth.managers.models.resource_details import DagAccessEntity, DagDetails

        return bool(
            manager.is_authorized_dag(
                method=method,
                access_entity=DagAccessEntity[entity] if entity else None,
                details=DagDetails(id=dag_id) if dag_id else None,
            )
        )
    return _may_on_dag_before_28(manager.get_user().perms, method, dag_id, entity)


def _may_on_dag_before_28(
    granted: Collection[tuple[str, str]], method: str, dag_id: str | None, entity: str | None
) -> bool:
    # Airflow < 2.8 has Flask-AppBuilder's auth manager alone, which answers no such questions
    from airflow.security.permissions import resource_name_for_dag

    action = _ACTIONS[method]
    if dag_id or not entity:
        on_dag = action if not entity or method == "GET" else _ACTIONS["PUT"]
        names = {"DAGs"} | ({resource_name_for_dag(dag_id)} if dag_id else set())
        if not any((on_dag, name) in granted for name in names):
            return False
    return all((action, resource) in granted for resource in (ENTITY_RESOURCES[entity] if entity else ()))


def may_on_view(method: str, resource: str) -> bool:
    """Tell whether the request's user may GET, PUT, POST or DELETE a resource that a plugin added."""
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    ask = getattr(manager, "is_authorized_custom_view", None)
    if ask is not None and "resource_name" in signature(ask).parameters:
        return bool(ask(method=method, resource_name=resource))
    # Airflow < 2.9 does not ask its auth manager about these
    return (_ACTIONS[method], resource) in manager.get_user().perms


def permitted_dag_ids() -> set[str]:
    """Return the dag_ids of the DAGs that the request's user may read."""
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    user = manager.get_user()
    if hasattr(manager, "get_permitted_dag_ids"):
        return set(manager.get_permitted_dag_ids(methods=["GET"], user=user))
    # Airflow < 2.8 asks the security manager
    return set(manager.security_manager.get_readable_dag_ids(user))
