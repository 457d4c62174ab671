"""Whether an .airflowignore hides deployed files from the DAG processor, which would drop their DAGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding
from openmetadata_airflow_apis.errors import ConfigurationError, Unavailable
from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(installation: Installation) -> Iterator[Finding]:
    """Yield a problem for each deployed file that is hidden."""
    from airflow.utils.file import find_path_from_directory

    from openmetadata_airflow_apis.stores import open_store

    try:
        store = open_store(installation.settings)
        deployed = {Path(store.fileloc(dag_id)) for dag_id in store.dag_ids()}
    except (ConfigurationError, Unavailable):
        return  # the check of the folders reports it
    found_by_airflow = {Path(path).resolve() for path in find_path_from_directory(dags_folder(), ".airflowignore")}
    for path in sorted(deployed):
        if path.exists() and path.resolve() not in found_by_airflow:
            yield Finding(
                PROBLEM,
                "dags folder",
                f"{path} is hidden from the DAG processor by an .airflowignore",
                "narrow its patterns",
            )
