"""Whether the table of revoked tokens is there, which the webserver makes when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem where it is not."""
    from openmetadata_airflow_apis.security import revocation

    if not revocation.is_table_there():
        yield Finding(
            PROBLEM,
            "database",
            "the table of revoked tokens is missing, so that every token is refused",
            "restart the webserver; its log says why it cannot make the table",
        )
