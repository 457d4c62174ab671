"""Whether the Python files in dag_managed_operators can be read, and not be changed by every user."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding, and_others
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_SUBJECT = "dag_managed_operators"


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for unreadable and one for writable files; a note if Airflow may parse them as DAG files."""
    folder = installation.settings.dag_managed_operators
    files = [Path(root, name) for root, _, names in os.walk(folder) for name in sorted(names) if name.endswith(".py")]
    unreadable = [path for path in files if not os.access(path, os.R_OK)]
    if unreadable:
        yield Finding(
            PROBLEM,
            _SUBJECT,
            f"{and_others(unreadable)} cannot be read by this user",
            "make the files readable for the users of the webserver, the DAG processor and the workers",
        )
    writable = [path for path in files if path.exists() and path.stat().st_mode & stat.S_IWOTH]
    if writable:
        yield Finding(
            PROBLEM,
            _SUBJECT,
            f"{and_others(writable)} can be changed by every user of this machine, and is run by Airflow",
            f"chmod -R o-w {folder}",
        )
    if files and dags_folder().resolve() in (folder.resolve(), *folder.resolve().parents):
        yield Finding(
            NOTE,
            _SUBJECT,
            f"{folder} is in the dags folder: the DAG processor may take callable files for DAG files, and import them",
            f"name it in {dags_folder() / '.airflowignore'}, or have it beside the dags folder",
        )
