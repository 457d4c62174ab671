"""Where the models of Airflow's FAB auth manager are, whose tables keep roles and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table


def permission_tables() -> tuple[Table, Table, Table] | None:
    """Return the tables of permission resources, of permissions, and of the roles that have them.

    None if the FAB auth manager, whose tables they are, is not installed. Airflow < 3 has them in its own database.
    """
    models = fab_models()
    return models and (models.Resource.__table__, models.Permission.__table__, models.assoc_permission_role)


def fab_models() -> Any | None:
    """Return the module of the FAB auth manager's models, None if it is not installed."""
    try:
        from airflow.providers.fab.auth_manager import models
    except ImportError:  # Airflow < 2.9 has them inside
        try:
            from airflow.auth.managers.fab import models
        except ImportError:
            return None
    return models
