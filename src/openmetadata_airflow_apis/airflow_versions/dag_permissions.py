"""How Airflow's versions keep permissions, and how they are asked who may do what."""

from __future__ import annotations

import functools
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow.models.dag import DAG
    from sqlalchemy import Table
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import Select


_ACTIONS = {"GET": "can_read", "PUT": "can_edit", "POST": "can_create", "DELETE": "can_delete"}
# What Airflow asks about, beside the DAG, for its runs, for their task instances, and for the logs of these.
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


def permission_tables() -> tuple[Table, Table, Table] | None:
    """Return the tables of permission resources, of permissions, and of the roles that have them.

    None where the FAB auth manager, whose tables they are, is not installed. Airflow < 3 has them in its own database.
    """
    models = _fab_models()
    return models and (models.Resource.__table__, models.Permission.__table__, models.assoc_permission_role)


def _fab_models() -> Any | None:
    try:
        from airflow.providers.fab.auth_manager import models
    except ImportError:  # Airflow < 2.9 has them inside
        try:
            from airflow.auth.managers.fab import models
        except ImportError:
            return None
    return models


def read_permissions(user: Any) -> None:
    """Read what a user of FAB's may do, as its `perms` does when a check first asks, by a statement that is made once.

    FAB makes the same statement anew for each request, which takes longer than the database's answer. Airflow's checks
    go on asking `perms`, which finds it read. Users of other classes, who may have permissions of another kind, and
    users whose permissions are read already stay as they are.
    """
    models = _fab_models()
    # Airflow < 3: its users are FAB's, and are read anew for each request
    if models is None or getattr(type(user), "perms", None) is not models.User.perms or user._perms:  # noqa: SLF001 - where perms keeps it
        return
    from flask import current_app
    from sqlalchemy import inspect

    manager: Any = current_app
    manager = manager.appbuilder.sm
    kinds = (manager.action_model, manager.resource_model, manager.permission_model, manager.role_model)
    key = inspect(user).identity  # not user.id, which reads the user again after a commit
    if key is not None and kinds == (models.Action, models.Resource, models.Permission, models.Role):
        rows = manager.get_session.execute(_permissions_of_user(), {"user_id": key[0]})
        user._perms = {(action, resource) for action, resource in rows}  # noqa: SLF001


@functools.cache
def _permissions_of_user() -> Select:
    # Airflow < 3, as for read_permissions
    from sqlalchemy import bindparam, select

    models: Any = _fab_models()
    action, resource, permission = (model.__table__ for model in (models.Action, models.Resource, models.Permission))
    of_role, of_user = models.assoc_permission_role, models.assoc_user_role
    return (
        select(action.c.name, resource.c.name)
        .select_from(permission)
        .join(action, action.c.id == permission.c.permission_id)
        .join(resource, resource.c.id == permission.c.view_menu_id)
        .join(of_role, of_role.c.permission_view_id == permission.c.id)
        .join(of_user, of_user.c.role_id == of_role.c.role_id)
        .where(of_user.c.user_id == bindparam("user_id"))
    )


def may_on_dag(method: str, dag_id: str | None = None, entity: str | None = None) -> bool:
    """Tell whether the request's user may GET, PUT, POST or DELETE a DAG, or all DAGs where none is named.

    entity: "RUN", "TASK_INSTANCE" or "TASK_LOGS" asks about these of the DAG, and about the DAG itself where one is
    named.
    """
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    if hasattr(manager, "is_authorized_dag"):  # Airflow < 2.8 does not
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
    """Return the DAGs that the request's user may read."""
    from airflow.www.extensions.init_auth_manager import get_auth_manager

    manager = get_auth_manager()
    user = manager.get_user()
    if hasattr(manager, "get_permitted_dag_ids"):
        return set(manager.get_permitted_dag_ids(methods=["GET"], user=user))
    # Airflow < 2.8 asks the security manager
    return set(manager.security_manager.get_readable_dag_ids(user))
