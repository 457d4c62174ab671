"""Notes in our tables which DAGs this host parsed, and why it could not build others. Imported when that changes."""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from airflow import settings as airflow_settings
from airflow.jobs.job import Job
from airflow.utils import timezone
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis.dagbuild.shard_rows import hostname
from openmetadata_airflow_apis.dagbuild.shard_tables import IMPORT_ERROR, PARSED_DAG

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import Delete

# How long a host may be silent before what was noted there is forgotten: pods have a new name at each start.
_SILENCE = timedelta(days=1)
_OF_PARSE = ("mark", "timestamp", "callable_files")
log = logging.getLogger(__name__)


def note_errors(failures: Mapping[str, tuple[str, str]]) -> None:
    """Note (mark, text) of each DAG that failed, in place of the older note. If that fails, the next parse does it."""
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
    """Forget the errors that were noted of DAGs on this host, in the caller's transaction."""
    if dag_ids:
        session.execute(_of_host(dag_ids).execution_options(synchronize_session=False))


def note_parses(parses: Mapping[str, tuple[str, str | None]], *, session: Session) -> None:
    """Note (mark, callable files) of each DAG that this host has parsed, in the transaction that writes its rows."""
    if not parses:
        return
    host, now = hostname(), timezone.utcnow()
    rows = [
        {"dag_id": dag_id, "hostname": host, "mark": mark, "timestamp": now, "callable_files": files}
        for dag_id, (mark, files) in parses.items()
    ]
    # Another process of this host may have noted the same meanwhile.
    dialect = session.get_bind().dialect.name
    statement = import_module(f"sqlalchemy.dialects.{dialect}").insert(PARSED_DAG)
    if dialect == "mysql":
        values = {name: statement.inserted[name] for name in _OF_PARSE}
        session.execute(statement.on_duplicate_key_update(values), rows)
        return
    values = {name: statement.excluded[name] for name in _OF_PARSE}
    session.execute(statement.on_conflict_do_update(index_elements=["dag_id", "hostname"], set_=values), rows)


def forget_silent_hosts(*, session: Session) -> None:
    """Forget the notes of hosts on which no DAG processor has had a heartbeat for a day."""
    long_ago = timezone.utcnow() - _SILENCE
    live_hosts = (
        select(Job.hostname)
        .where(Job.job_type.in_(("SchedulerJob", "DagProcessorJob")), Job.latest_heartbeat >= long_ago)
        .where(Job.hostname.is_not(None))
    )
    for table in (PARSED_DAG, IMPORT_ERROR):
        session.execute(
            delete(table)
            .where(table.c.timestamp < long_ago, table.c.hostname != hostname(), table.c.hostname.not_in(live_hosts))
            .execution_options(synchronize_session=False)
        )


def _of_host(dag_ids: Collection[str]) -> Delete:
    return delete(IMPORT_ERROR).where(IMPORT_ERROR.c.hostname == hostname(), IMPORT_ERROR.c.dag_id.in_(list(dag_ids)))
