"""Reads all that a user may do by a statement that is built once a process: faster than Flask-AppBuilder's own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.airflow_versions.fab_models import fab_models

if TYPE_CHECKING:
    from sqlalchemy.sql import Select


def read_permissions(user: Any) -> None:
    """Read a FAB user's permissions in advance, by a statement that is built once.

    The user's `perms` would build the same statement for each request, which takes longer than the database's answer.
    Airflow's checks still ask `perms`, which finds the permissions read. Users of other classes, who may have another
    kind of permissions, and users whose permissions are read already are left as they are.
    """
    models = fab_models()
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

    models: Any = fab_models()
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
