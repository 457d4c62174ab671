"""What Airflow's web application and its database must know of us before the first request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.security import login_tries, permissions, revocation

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Create our tables and the permissions on "Managed DAGs", where they are missing.

    Called while Airflow's application is built, before Airflow gives the Admin role every permission there is.
    """
    revocation.create_table()
    login_tries.create_table()
    security_manager: Any = getattr(app, "appbuilder").sm  # noqa: B009 - Airflow adds it to Flask's class
    if not hasattr(security_manager, "create_permission"):
        return  # another auth manager keeps permissions its own way
    for action in permissions.MANAGED_DAGS_ACTIONS:
        _create_permission(security_manager, action)


def _create_permission(security_manager: Any, action: str) -> None:
    # Two tries: the first one fails where another webserver process is just ahead of this one.
    if not (_created(security_manager, action) or _created(security_manager, action)):
        log.error("The permission %s on %s could not be made", action, permissions.MANAGED_DAGS)


def _created(security_manager: Any, action: str) -> bool:
    try:
        return security_manager.create_permission(action, permissions.MANAGED_DAGS) is not None
    except AttributeError:  # Flask-AppBuilder goes on with the None that it got instead of a resource
        return False
