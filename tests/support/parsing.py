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


def parse_deployed(dag_id: str) -> str | None:
    """Parse the file that a deployed DAG comes from; return the DAG's import error, None if it has none."""
    from airflow.utils.session import create_session

    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores import open_store

    store = open_store(Settings.load())
    parse(store.fileloc(dag_id))
    with create_session() as session:
        error = store.import_errors([dag_id], session=session).get(dag_id)
        return error.text if error else None


@contextmanager
def parses_that_fail(dag_id: str, error: str) -> Iterator[None]:
    """Write an import error for a DAG as soon as it is in the database, as a DAG processor would."""
    from airflow.models.dag import DagModel
    from airflow.settings import Session

    from support.stores import note_import_error

    ended = threading.Event()

    def parse() -> None:
        while not ended.wait(0.2):
            session = Session()
            if session.get(DagModel, dag_id) is not None:
                note_import_error(dag_id, error, session=session)
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
