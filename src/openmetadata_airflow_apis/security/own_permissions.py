"""The rows of our permissions in Airflow's database: made at the start, given to Admin, removed by `uninstall`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from openmetadata_airflow_apis.airflow_versions.fab_models import permission_tables
from openmetadata_airflow_apis.security import operation_permissions

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


def create_permissions(app: Flask) -> None:
    """Create the permissions on "Managed DAGs", if they are missing.

    Called while Airflow's application is built, before Airflow gives the Admin role every permission there is. This
    gives that role ours already: of two webservers that start at once, the second one to add them would fail.
    """
    security_manager: Any = getattr(app, "appbuilder").sm  # noqa: B009 - Airflow adds it to Flask's class
    if not hasattr(security_manager, "create_permission"):
        return  # another auth manager keeps permissions its own way
    for action in operation_permissions.MANAGED_DAGS_ACTIONS:
        _create_permission(security_manager, action)


def _create_permission(security_manager: Any, action: str) -> None:
    # Tried twice: the first try fails if another webserver process is just ahead of this one.
    permission = _created(security_manager, action) or _created(security_manager, action)
    if permission is None:
        log.error("The permission %s on %s could not be made", action, operation_permissions.MANAGED_DAGS)
        return
    admin = security_manager.find_role("Admin")
    if admin is not None:
        security_manager.add_permission_to_role(admin, permission)  # it rolls back if another was ahead


def _created(security_manager: Any, action: str) -> Any | None:
    try:
        return security_manager.create_permission(action, operation_permissions.MANAGED_DAGS)
    except AttributeError:  # Flask-AppBuilder got None instead of a resource, and goes on with it
        return None


def role_names(session: Session) -> list[str]:
    """Return the roles that were granted a permission on one of OUR_RESOURCES, sorted."""
    tables = permission_tables()
    if tables is None:
        return []
    resource, permission, role_permission = tables
    role = next(iter(role_permission.c.role_id.foreign_keys)).column.table
    query = (
        select(role.c.name)
        .distinct()
        .join(role_permission, role_permission.c.role_id == role.c.id)
        .join(permission, permission.c.id == role_permission.c.permission_view_id)
        .join(resource, resource.c.id == permission.c.view_menu_id)
        .where(resource.c.name.in_(operation_permissions.OUR_RESOURCES))
    )
    return sorted(session.scalars(query))


def remove_permissions(session: Session) -> None:
    """Delete OUR_RESOURCES, the permissions on them, and what roles have of these; the roles stay. Commits nothing."""
    tables = permission_tables()
    if tables is None:
        return
    resource, permission, role_permission = tables
    ours = select(resource.c.id).where(resource.c.name.in_(operation_permissions.OUR_RESOURCES))
    on_ours = select(permission.c.id).where(permission.c.view_menu_id.in_(ours))
    session.execute(delete(role_permission).where(role_permission.c.permission_view_id.in_(on_ours)))
    session.execute(delete(permission).where(permission.c.view_menu_id.in_(ours)))
    session.execute(delete(resource).where(resource.c.name.in_(operation_permissions.OUR_RESOURCES)))
