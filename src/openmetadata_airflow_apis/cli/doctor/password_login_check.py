"""Whether a password login is to be had: the auth manager, FAB's AUTH_TYPE, and the library for LDAP."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem where LDAP lacks its library, and a note where there is no password login."""
    from airflow.configuration import conf

    auth_type = installation.webserver_config.get("AUTH_TYPE", 1)
    manager = conf.get("core", "auth_manager", fallback="")
    if manager and "fab" not in manager.lower():
        yield Finding(
            NOTE, "auth manager", f"{manager} has no password login", "callers use its session; login answers 501"
        )
    elif auth_type == 2 and importlib.util.find_spec("ldap") is None:
        yield Finding(PROBLEM, "AUTH_TYPE", "is LDAP and python-ldap is not installed", "pip install python-ldap")
    elif auth_type not in (1, 2):
        yield Finding(
            NOTE, "AUTH_TYPE", "is neither database nor LDAP: there is no password login", "callers use the session"
        )
