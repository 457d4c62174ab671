"""Whether passwords can be guessed: FAB's AUTH_RATE_LIMITED, and where its limiter counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem where there is no limit, and a note where each process has its own."""
    from airflow.configuration import conf

    config = installation.webserver_config
    workers = conf.getint("webserver", "workers", fallback=1)
    if config.get("AUTH_RATE_LIMITED", True) is False:
        yield Finding(PROBLEM, "login limit", "AUTH_RATE_LIMITED is off: passwords can be guessed", "turn it on")
    elif workers > 1 and str(config.get("RATELIMIT_STORAGE_URI") or "memory://").startswith("memory:"):
        yield Finding(
            NOTE,
            "login limit",
            f"each of the {workers} webserver processes counts by itself, so that it is {workers} times as wide",
            f"set RATELIMIT_STORAGE_URI in {installation.webserver_config_path}, to a Redis for example",
        )
