"""Whether the tokens' own settings in webserver_config.py are safe: their keys' lengths, and that tokens end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each setting that is not."""
    config = installation.webserver_config
    for name in ("JWT_SECRET_KEY", "JWT_PREVIOUS_SECRET_KEY"):
        if config.get(name) and len(config[name]) < 32:
            yield Finding(PROBLEM, name, f"has {len(config[name])} characters", "take at least 32 random ones")
    for name in ("JWT_ACCESS_TOKEN_EXPIRES", "JWT_REFRESH_TOKEN_EXPIRES"):
        if config.get(name, True) is False:
            yield Finding(PROBLEM, name, "is False: tokens that never end are not issued", "set a timedelta")
