"""Which .py files are rendered anew: those that are missing, and ours that the template would render otherwise now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.stores import atomic_files
from openmetadata_airflow_apis.stores.file_inspection import inspect_module, inspect_record

if TYPE_CHECKING:
    from openmetadata_airflow_apis.stores.deployed_files import DeployedFiles


def module_is_stale(files: DeployedFiles, dag_id: str) -> bool:
    """Say whether the .py of a sound .json is missing, or ours but not what the template renders now."""
    path = files.module(dag_id)
    try:
        module = inspect_module(path, dag_id)
        if module.reason is not None:
            return False
        if module.is_there and atomic_files.read_bytes(path) == files.rendered(dag_id):
            return False
        return inspect_record(files.record(dag_id), dag_id).document is not None
    except (OSError, Unavailable):  # reading the DAG reports this
        return False
