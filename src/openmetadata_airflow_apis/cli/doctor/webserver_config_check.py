"""Whether webserver_config.py is a file that can be executed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem if it is not a file, or fails. Airflow does not need one, so a missing file is no problem."""
    path = Path(installation.webserver_config_path)
    if path.exists() and not path.is_file():
        yield Finding(PROBLEM, str(path), "is not a file, so that FAB's defaults hold", "put the file there")
    try:
        _ = installation.webserver_config
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the operator's own Python, which may raise anything
        reason = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else repr(error)
        yield Finding(PROBLEM, str(path), f"fails: {reason}", "correct the file")
