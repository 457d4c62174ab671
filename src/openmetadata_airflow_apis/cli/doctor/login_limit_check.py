"""Whether passwords can be guessed: FAB's AUTH_RATE_LIMITED."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem where there is no limit."""
    if installation.webserver_config.get("AUTH_RATE_LIMITED", True) is False:
        yield Finding(PROBLEM, "login limit", "AUTH_RATE_LIMITED is off: passwords can be guessed", "turn it on")
