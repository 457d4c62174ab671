"""Whether the three folders exist, this user can use them, and not every user can change them."""

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
    """Yield a problem for each folder that can't be used or that everybody can change, a note for one not made yet."""
    settings = installation.settings
    if settings.definition_store == "files":
        yield from _look_at(dags_folder(), "dags folder")
        yield from _look_at(settings.dag_generated_configs, "dag_generated_configs", made_by_deploy=True)
    elif dags_folder().exists():  # with the database store, a webserver needs no dags folder
        yield from _look_at(dags_folder(), "dags folder", written_here=False)
    if settings.dag_managed_operators.exists() or settings.dag_managed_operators.is_symlink():
        yield from _look_at(settings.dag_managed_operators, "dag_managed_operators", written_here=False)
    else:
        yield Finding(
            NOTE,
            "dag_managed_operators",
            f"{settings.dag_managed_operators} does not exist",
            "create it, with the Python files in it, before a definition names one",
        )


def _look_at(path: Path, name: str, *, made_by_deploy: bool = False, written_here: bool = True) -> Iterator[Finding]:
    if not _is_visible(path):
        yield Finding(
            PROBLEM, name, f"{path} cannot be reached by this user", "give the folders that it is in the x permission"
        )
        return
    if not path.is_dir():
        yield _missing(path, name, made_by_deploy=made_by_deploy)
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


def _missing(path: Path, name: str, *, made_by_deploy: bool) -> Finding:
    if path.exists():
        return Finding(PROBLEM, name, f"{path} is not a folder", "name a folder")
    if path.is_symlink():
        return Finding(PROBLEM, name, f"{path} is a link to {path.readlink()}, which does not exist", "create that")
    if not made_by_deploy:
        return Finding(PROBLEM, name, f"{path} does not exist", "create it")
    nearest = next(parent for parent in path.parents if parent.exists())
    if not nearest.is_dir():
        return Finding(PROBLEM, name, f"{path} cannot be made, since {nearest} is not a folder", "name a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(
            PROBLEM, name, f"{path} does not exist and cannot be made by this user", "create it for the webserver"
        )
    return Finding(NOTE, name, f"{path} does not exist yet", "it is made by the first deploy")


def _is_visible(path: Path) -> bool:
    """Say whether this user can tell if a path exists."""
    try:
        path.lstat()
    except PermissionError:
        return False
    except OSError:
        return True
    return True
