"""Whether the three folders are there, writable for this user and for nobody else."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield what is wrong with each, and a note for one that a deploy will make."""
    settings = installation.settings
    yield from _look_at(dags_folder(), "dags folder", made_when_needed=False)
    yield from _look_at(settings.dag_generated_configs, "dag_generated_configs", made_when_needed=True)
    yield from _look_at(
        settings.dag_managed_operators, "dag_managed_operators", made_when_needed=True, written_here=False
    )


def _look_at(path: Path, name: str, *, made_when_needed: bool, written_here: bool = True) -> Iterator[Finding]:
    if not path.is_dir():
        if path.exists():
            yield Finding(PROBLEM, name, f"{path} is not a folder", "name a folder")
        elif not made_when_needed:
            yield Finding(PROBLEM, name, f"{path} does not exist", "create it")
        elif not os.access(_nearest_existing(path), os.W_OK | os.X_OK):
            yield Finding(
                PROBLEM, name, f"{path} does not exist and cannot be made by this user", "create it for the webserver"
            )
        else:
            yield Finding(NOTE, name, f"{path} does not exist yet", "it is made by the first deploy")
        return
    needed = os.R_OK | os.X_OK | (os.W_OK if written_here else 0)
    if not os.access(path, needed):
        verb = "written to" if written_here else "read"
        yield Finding(PROBLEM, name, f"{path} cannot be {verb} by this user", "give it to the webserver's user")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IWOTH:
        yield Finding(
            PROBLEM,
            name,
            f"{path} has mode {mode:04o}: every user of this machine can put code there",
            f"chmod o-w {path}",
        )


def _nearest_existing(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.exists())
