"""Parses one DAG file as the DAG processor does, in this process: rows, import errors and all."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@contextmanager
def parses_that_fail(file_name: str, error: str) -> Iterator[None]:
    """Write an import error for a file as soon as its DAG is in the database, as a DAG processor would."""
    from airflow.models.dag import DagModel
    from airflow.settings import Session
    from airflow.utils import timezone

    from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error

    ended = threading.Event()

    def parse() -> None:
        while not ended.wait(0.2):
            session = Session()
            path = session.query(DagModel.fileloc).filter(DagModel.fileloc.endswith(file_name)).scalar()
            if path is not None:
                session.add(parse_import_error()(filename=path, timestamp=timezone.utcnow(), stacktrace=error))
                session.commit()
                break
            session.rollback()
        Session.remove()

    thread = threading.Thread(target=parse)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
