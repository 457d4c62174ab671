"""Notes why DAGs could not be built on this host, in a table of ours. Imported only when something has changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow import settings as airflow_settings
from airflow.utils import timezone
from sqlalchemy import delete, insert
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis.dagbuild.deployed_tables import IMPORT_ERROR
from openmetadata_airflow_apis.dagbuild.shard_loader import hostname

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import Delete

log = logging.getLogger(__name__)


def note_errors(failures: Mapping[str, tuple[str, str]]) -> None:
    """Note (mark, text) of each DAG that failed, in place of what was noted. Where that fails, the next parse does."""
    host, now = hostname(), timezone.utcnow()
    rows = [
        {"dag_id": dag_id, "hostname": host, "mark": mark, "stacktrace": words, "timestamp": now}
        for dag_id, (mark, words) in failures.items()
    ]
    try:
        with airflow_settings.engine.begin() as connection:
            connection.execute(_of_host(failures))
            connection.execute(insert(IMPORT_ERROR), rows)
    except SQLAlchemyError as error:
        log.warning("The import errors of %s cannot be noted: %s", list(failures), error)


def forget_errors(dag_ids: Collection[str], *, session: Session) -> None:
    """Forget what was noted of DAGs on this host, in the caller's transaction."""
    session.execute(_of_host(dag_ids).execution_options(synchronize_session=False))


def _of_host(dag_ids: Collection[str]) -> Delete:
    return delete(IMPORT_ERROR).where(IMPORT_ERROR.c.hostname == hostname(), IMPORT_ERROR.c.dag_id.in_(list(dag_ids)))
