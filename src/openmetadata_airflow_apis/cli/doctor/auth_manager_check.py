"""Whether the auth manager that [core] auth_manager names can be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem if the auth manager cannot be imported: the webserver does not start then."""
    from airflow.configuration import conf

    name = conf.get("core", "auth_manager", fallback="")
    if not name:
        return  # Airflow < 2.8 may have none
    module, _, cls = name.rpartition(".")
    try:
        getattr(__import__(module, fromlist=[cls]), cls)
    except Exception as error:  # noqa: BLE001 - it may be the operator's own, and raise anything
        yield Finding(
            PROBLEM,
            "auth manager",
            f"the webserver does not start with '{name}' ({type(error).__name__}: {error})",
            "correct [core] auth_manager, or install its package",
        )
