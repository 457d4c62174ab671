"""Whether our tables are there, which the webserver makes when it starts: revoked tokens, and password tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for each that is not."""
    from openmetadata_airflow_apis import own_tables
    from openmetadata_airflow_apis.security import login_tries, revocation

    for table, sentence in (
        (revocation.TABLE, "the table of revoked tokens is missing, so that every token is refused"),
        (login_tries.TABLE, "the table of password tries is missing, so that every login is refused"),
    ):
        if not own_tables.is_there(table):
            yield Finding(
                PROBLEM, "database", sentence, "restart the webserver; its log says why it cannot make the table"
            )
