"""Whether Airflow's own API takes our tokens: [api] auth_backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

OUR_BACKEND = "openmetadata_airflow_apis.security.auth_backend"


def look(_: Installation) -> Iterator[Finding]:
    """Yield a note where our backend is not listed, and a problem where another one comes first."""
    from airflow.configuration import conf

    names = [name.strip() for name in conf.get("api", "auth_backends", fallback="").split(",") if name.strip()]
    subject = "[api] auth_backends"
    if OUR_BACKEND not in names:
        yield Finding(NOTE, subject, "Airflow's own API does not take tokens made here", f"list {OUR_BACKEND} first")
    elif names[0] != OUR_BACKEND:
        yield Finding(
            PROBLEM,
            subject,
            f"{names[0]} comes first, so that a cookie counts before a token",
            f"list {OUR_BACKEND} first",
        )
