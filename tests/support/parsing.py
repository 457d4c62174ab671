"""Parses one DAG file as the DAG processor does, in this process: rows, import errors and all."""

from __future__ import annotations

import logging
from pathlib import Path


def parse(path: str | Path) -> str | None:
    """Parse a file; return its import error, None if it has none."""
    from airflow.dag_processing.processor import DagFileProcessor
    from airflow.utils.session import create_session

    from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error

    log = logging.getLogger("airflow.processor")
    DagFileProcessor(dag_ids=[], dag_directory=str(Path(path).parent), log=log).process_file(str(path), [])
    with create_session() as session:
        error = session.query(parse_import_error()).filter_by(filename=str(path)).first()
        return error.stacktrace if error else None
