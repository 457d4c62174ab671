"""What this host notes of its parses in our tables: which DAGs it has parsed, and why it could not build others.

It writes only what is not noted already. Each parse of a shard imports this: what writes is imported when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.orm import Session
    from sqlalchemy.sql import Delete

# How long a host may be silent before what was noted there is forgotten: pods have a new name at each start.
_DAYS_OF_SILENCE = 1
_OF_PARSE = ("mark", "timestamp", "callable_files")


class NodeParses:
    """What is noted of this host's parses of a shard, and what this parse has to add.

    noted: what this host had noted of DAGs that it could not build, as (mark, text).
    parsed: what it had noted of DAGs that it has parsed, as (mark, callable files).
    callable_files: the callable files of each DAG that was built now, as JSON.
    """

    def __init__(self) -> None:
        self.noted: dict[str, tuple[str, str]] = {}
        self.parsed: dict[str, tuple[str, str | None]] = {}
        self.callable_files: dict[str, str | None] = {}
        self._failed: set[str] = set()

    def read(self, rows: Iterable[Any]) -> None:
        """Take over what is noted, from the rows of a shard that were read with this host's notes."""
        for row in rows:
            if row.noted_mark is not None:
                self.noted[row.dag_id] = (row.noted_mark, row.noted_text)
            if row.parsed_mark is not None:
                self.parsed[row.dag_id] = (row.parsed_mark, row.parsed_files)

    def note(self, failures: dict[str, tuple[str, str]]) -> None:
        """Write the errors on this host, (mark, text), that are not noted already."""
        self._failed |= failures.keys()
        new_failures = {dag_id: failure for dag_id, failure in failures.items() if self.noted.get(dag_id) != failure}
        if new_failures:
            _note_errors(new_failures)

    def newly_parsed(self, marks: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
        """Return (mark, callable files) of the DAGs that Airflow has accepted now, unless that is noted already.

        marks: the mark of each deployment that was read.
        """
        built = {dag_id: (marks[dag_id], files) for dag_id, files in self.callable_files.items()}
        return {
            dag_id: parse
            for dag_id, parse in built.items()
            if dag_id not in self._failed and self.parsed.get(dag_id) != parse
        }

    def mended(self) -> set[str]:
        """Return the DAGs that have an error noted and that Airflow has accepted now."""
        return self.noted.keys() - self._failed


def hostname() -> str:
    """Return the name of this machine, as Airflow shows it."""
    from airflow.utils.net import get_hostname

    return str(get_hostname())[:255]


def _note_errors(failures: Mapping[str, tuple[str, str]]) -> None:
    """Note (mark, text) of each DAG that failed, in place of the older note. If that fails, the next parse does it."""
    from airflow import settings as airflow_settings
    from airflow.utils import timezone
    from sqlalchemy import insert
    from sqlalchemy.exc import SQLAlchemyError

    from openmetadata_airflow_apis.dagbuild.shard_tables import IMPORT_ERROR

    host, now = hostname(), timezone.utcnow()
    rows = [
        {"dag_id": dag_id, "hostname": host, "mark": mark, "stacktrace": words, "timestamp": now}
        for dag_id, (mark, words) in failures.items()
    ]
    try:
        with airflow_settings.engine.begin() as connection:
            connection.execute(_errors_of_host(failures))
            connection.execute(insert(IMPORT_ERROR), rows)
    except SQLAlchemyError as error:
        import logging

        logging.getLogger(__name__).warning("The import errors of %s cannot be noted: %s", list(failures), error)


def forget_errors(dag_ids: Collection[str], *, session: Session) -> None:
    """Forget the errors that were noted of DAGs on this host, in the caller's transaction."""
    if dag_ids:
        session.execute(_errors_of_host(dag_ids).execution_options(synchronize_session=False))


def note_parses(parses: Mapping[str, tuple[str, str | None]], *, session: Session) -> None:
    """Note (mark, callable files) of each DAG that this host has parsed, in the transaction that writes its rows."""
    if not parses:
        return
    from importlib import import_module

    from airflow.utils import timezone

    from openmetadata_airflow_apis.dagbuild.shard_tables import PARSED_DAG

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
    from datetime import timedelta

    from airflow.jobs.job import Job
    from airflow.utils import timezone
    from sqlalchemy import delete, select

    from openmetadata_airflow_apis.dagbuild.shard_tables import IMPORT_ERROR, PARSED_DAG

    long_ago = timezone.utcnow() - timedelta(days=_DAYS_OF_SILENCE)
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


def _errors_of_host(dag_ids: Collection[str]) -> Delete:
    from sqlalchemy import delete

    from openmetadata_airflow_apis.dagbuild.shard_tables import IMPORT_ERROR

    return delete(IMPORT_ERROR).where(IMPORT_ERROR.c.hostname == hostname(), IMPORT_ERROR.c.dag_id.in_(list(dag_ids)))
