"""Whether this node has exactly the loader files that it needs to load DAGs from the database."""

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
    """Yield a problem for loader files that are missing, changed, or not needed; a note if there is no dags folder."""
    from openmetadata_airflow_apis.stores import loader_files

    folder, shards = dags_folder(), installation.settings.loader_shards
    cure = f"run `openmetadata-airflow-apis install-loader {folder}`"
    if folder.exists() and not os.access(folder, os.R_OK | os.X_OK):
        return  # the check of the folders reports it
    present = loader_files.present(folder)
    if installation.settings.definition_store != "database":
        if present:
            yield Finding(
                PROBLEM,
                _SUBJECT,
                f"{and_others(present)} is of use with definition_store = database alone, and may bring old DAGs back",
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
    expected = {
        folder / loader_files.file_name(shard, shards): loader_files.rendered(shard, shards) for shard in range(shards)
    }
    missing = [path for path in expected if path not in present]
    if missing:
        yield Finding(PROBLEM, _SUBJECT, f"{and_others(missing)} is missing", cure)
    changed = [path for path in present if path in expected and path.read_bytes() != expected[path]]
    if changed:
        yield Finding(PROBLEM, _SUBJECT, f"{and_others(changed)} is not what install-loader writes", cure)
    of_other_numbers = [path for path in present if path not in expected]
    if of_other_numbers:
        yield Finding(
            PROBLEM, _SUBJECT, f"{and_others(of_other_numbers)} is of another number of shards than {shards}", cure
        )
