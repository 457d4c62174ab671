"""Whether there is a password login: the auth manager, FAB's AUTH_TYPE, and what LDAP needs."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_DATABASE, _LDAP = 1, 2
_WITHOUT_PASSWORD = (0, 3, 4)  # OpenID, REMOTE_USER, OAuth


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem if the configured AUTH_TYPE is unknown or incomplete; a note if there is no password login."""
    from airflow.configuration import conf

    config = installation.webserver_config
    auth_type = config.get("AUTH_TYPE", _DATABASE)
    manager = conf.get("core", "auth_manager", fallback="")
    if manager and "fab" not in manager.lower():
        yield Finding(
            NOTE, "auth manager", f"{manager} has no password login", "callers use its session; login answers 501"
        )
    elif auth_type == _LDAP:
        if importlib.util.find_spec("ldap") is None:
            yield Finding(PROBLEM, "AUTH_TYPE", "is LDAP and python-ldap is not installed", "pip install python-ldap")
        elif not config.get("AUTH_LDAP_SERVER"):
            yield Finding(
                PROBLEM,
                "AUTH_TYPE",
                "is LDAP and AUTH_LDAP_SERVER is not set, without which the webserver does not start",
                "set it to the server's URL, such as ldaps://ldap.example.org",
            )
    elif auth_type in _WITHOUT_PASSWORD:
        yield Finding(
            NOTE, "AUTH_TYPE", "is neither database nor LDAP: there is no password login", "callers use the session"
        )
    elif auth_type != _DATABASE:
        yield Finding(
            PROBLEM,
            "AUTH_TYPE",
            f"is {auth_type!r}, none of Flask-AppBuilder's numbers",
            "import it: from flask_appbuilder.const import AUTH_DB",
        )
