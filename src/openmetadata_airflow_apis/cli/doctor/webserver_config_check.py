"""Whether webserver_config.py can be executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem where it fails."""
    try:
        _ = installation.webserver_config
    except Exception as error:  # noqa: BLE001 - the file is Python of the operator's own, and may fail in any way
        yield Finding(PROBLEM, installation.webserver_config_path, f"fails: {error!r}", "correct the file")
