"""Whether this node has the loader files by which it finds what is deployed in the database, and no others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import NOTE, PROBLEM, Finding, and_others
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation

_SUBJECT = "loader files"


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for files that are missing, changed, or of no use."""
    from openmetadata_airflow_apis.stores import loader_files

    folder, shards = dags_folder(), installation.settings.loader_shards
    cure = f"run `openmetadata-airflow-apis install-loader {folder}`"
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        return  # the check of the folders says so
    there = loader_files.present(folder)
    if installation.settings.definition_store != "database":
        if there:
            yield Finding(
                PROBLEM,
                _SUBJECT,
                f"{and_others(there)} is of use with definition_store = database alone, and may bring old DAGs back",
                "take it away",
            )
        return
    if not folder.exists():
        yield Finding(
            NOTE,
            _SUBJECT,
            f"{folder} does not exist: DAG processors and workers need the loader files there, webservers do not",
            f"on those, {cure}",
        )
        return
    wanted = {
        folder / loader_files.file_name(shard, shards): loader_files.rendered(shard, shards) for shard in range(shards)
    }
    missing = [path for path in wanted if path not in there]
    if missing:
        yield Finding(PROBLEM, _SUBJECT, f"{and_others(missing)} is missing", cure)
    changed = [path for path in there if path in wanted and path.read_bytes() != wanted[path]]
    if changed:
        yield Finding(PROBLEM, _SUBJECT, f"{and_others(changed)} is not what install-loader writes", cure)
    others = [path for path in there if path not in wanted]
    if others:
        yield Finding(PROBLEM, _SUBJECT, f"{and_others(others)} is of another number of shards than {shards}", cure)
