"""Whether 'can create on Managed DAGs', the permission to deploy, exists and the Admin role has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if the permission is missing, or Admin does not have it."""
    from airflow.utils.session import create_session

    with create_session() as session:
        roles = roles_that_may_deploy(session)
    if not roles:
        yield Finding(PROBLEM, "permission", "'can create on Managed DAGs' is missing", "restart the webserver")
    elif "Admin" not in roles:
        yield Finding(PROBLEM, "permission", "the Admin role has no 'can create on Managed DAGs'", "airflow sync-perm")


def roles_that_may_deploy(session: Session) -> set[str]:
    """Return the roles that have the permission; "" among them if no role has it, none at all if it does not exist."""
    from sqlalchemy import text

    query = text(
        "SELECT role.name FROM ab_permission_view pair"
        " JOIN ab_permission action ON action.id = pair.permission_id AND action.name = 'can_create'"
        " JOIN ab_view_menu resource ON resource.id = pair.view_menu_id AND resource.name = 'Managed DAGs'"
        " LEFT JOIN ab_permission_view_role grants ON grants.permission_view_id = pair.id"
        " LEFT JOIN ab_role role ON role.id = grants.role_id"
    )
    return {name or "" for (name,) in session.execute(query)}
