"""Whether webserver_config.py is a file that can be executed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem where something else is in its place, or where it fails; Airflow does without one."""
    path = Path(installation.webserver_config_path)
    if path.exists() and not path.is_file():
        yield Finding(PROBLEM, str(path), "is not a file, so that FAB's defaults hold", "put the file there")
    try:
        _ = installation.webserver_config
    except (Exception, SystemExit) as error:  # noqa: BLE001 - Python of the operator's own, which may fail in any way
        reason = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else repr(error)
        yield Finding(PROBLEM, str(path), f"fails: {reason}", "correct the file")
