"""Reads the rows of the database store on a node: which DAG is in which shard, and all of a shard in one statement.

A shard is a range of the hashes of dag_ids, read through Airflow's engine and not through a session of Airflow's.
Each parse imports this, so it must import next to nothing.
"""

from __future__ import annotations

import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.dagbuild.node_parses import NodeParses, hostname
from openmetadata_airflow_apis.errors import DamagedDocument, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEPLOYED = "openmetadata_airflow_apis_deployed_dag"
ERRORS = "openmetadata_airflow_apis_import_error"
PARSED = "openmetadata_airflow_apis_parsed_dag"
# Hashes are non-negative 32-bit numbers, which every database can index.
_BITS = 31


def hash_of(dag_id: str) -> int:
    """Return the number that decides about a DAG's shard."""
    return int.from_bytes(sha256(dag_id.encode()).digest()[:4], "big") >> 1


def shard_of(dag_id: str, shards: int) -> int:
    """Return the shard of a DAG, counted from 0."""
    return hash_of(dag_id) * shards >> _BITS


def _hashes_of(shard: int, shards: int) -> tuple[int, int]:
    """Return the first hash of a shard, and the first hash after it."""
    first, next_first = (-(-(number << _BITS) // shards) for number in (shard, shard + 1))
    return first, next_first


class ShardRows:
    """The rows of a shard, or of one DAG of it; shared by the DAGs that were built of them.

    marks: the mark of each deployment that was read, by dag_id. parses: what this host notes of its parses.
    """

    def __init__(self, shard: int, shards: int, *, dag_id: str | None = None) -> None:
        self._hashes = _hashes_of(shard, shards)
        self._dag_id = dag_id
        self.marks: dict[str, str] = {}
        self.parses = NodeParses()

    def read(self, *, with_notes: bool = False) -> Sequence[Any]:
        """Return dag_id, mark and document of each DAG; with_notes: read what this host has noted of it, too."""
        rows = self._rows(("dag_id", "mark", "document"), with_notes=with_notes)
        self.marks = {row.dag_id: row.mark for row in rows}
        if with_notes:
            self.parses.read(rows)
        return rows

    def changed(self) -> set[str]:
        """Return the DAGs that were deployed anew, or deleted, since they were read. It takes one statement."""
        marks_now = {row.dag_id: row.mark for row in self._rows(("dag_id", "mark"))}
        return {dag_id for dag_id, mark in self.marks.items() if marks_now.get(dag_id) != mark}

    def _rows(self, names: tuple[str, ...], *, with_notes: bool = False) -> Sequence[Any]:
        schema = _schema()
        if self._dag_id is not None and not with_notes:
            return _ask(*_of_one(names, schema, self._dag_id))
        from sqlalchemy import and_, column, select, table

        deployed = table(DEPLOYED, *map(column, ("dag_id", "id_hash", "mark", "document")), schema=schema)
        columns, source = [deployed.c[name] for name in names], deployed
        if with_notes:
            host = hostname()
            errors = table(ERRORS, *map(column, ("dag_id", "hostname", "mark", "stacktrace")), schema=schema)
            parses = table(PARSED, *map(column, ("dag_id", "hostname", "mark", "callable_files")), schema=schema)
            for notes in (errors, parses):
                source = source.outerjoin(notes, and_(notes.c.dag_id == deployed.c.dag_id, notes.c.hostname == host))
            columns += [
                errors.c.mark.label("noted_mark"),
                errors.c.stacktrace.label("noted_text"),
                parses.c.mark.label("parsed_mark"),
                parses.c.callable_files.label("parsed_files"),
            ]
        first, after = self._hashes
        condition = and_(deployed.c.id_hash >= first, deployed.c.id_hash < after)
        if self._dag_id is not None:
            condition = deployed.c.dag_id == self._dag_id
        return _ask(select(*columns).select_from(source).where(condition))


CURE = "delete the row and deploy the workflow again, or put back what was deployed"


def place_of(dag_id: str) -> str:
    """Return the words for where a definition is kept."""
    return f"the row of the DAG `{dag_id}` in the table {DEPLOYED}"


def decompressed(document: Any, dag_id: str) -> bytes:
    """Return a stored document of a row. Raises DamagedDocument."""
    try:
        return zlib.decompress(document)
    except zlib.error as error:
        raise DamagedDocument(place_of(dag_id), f"cannot be decompressed: {error}", cure=CURE) from None


def _of_one(names: tuple[str, ...], schema: str | None, dag_id: str) -> tuple[Any, dict[str, str]]:
    """Return the statement for one DAG's row, and its values.

    It is made of text: each task's process needs it once, and SQLAlchemy would take longer to make the statement than
    the database to answer it.
    """
    from airflow import settings as airflow_settings
    from sqlalchemy import text

    quoted = airflow_settings.engine.dialect.identifier_preparer.quote
    place = f"{quoted(schema)}.{DEPLOYED}" if schema else DEPLOYED
    # The names are those of this module, the schema is quoted: nothing here is a caller's.
    sql = f"SELECT {', '.join(names)} FROM {place} WHERE dag_id = :dag_id"  # nosec B608 # noqa: S608 - see above
    return text(sql), {"dag_id": dag_id}


def _ask(statement: Any, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return the rows that a statement gives, through Airflow's engine; none if our tables are not made yet."""
    from airflow import settings as airflow_settings
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with airflow_settings.engine.connect() as connection:
            return list(connection.execute(statement, values or {}))
    except SQLAlchemyError as error:
        if _tables_are_missing():
            return []  # nothing was ever deployed
        raise Unavailable(
            "Airflow's database does not answer, so that the definitions of this file's DAGs cannot be read; "
            f"the DAGs stay as they are: {getattr(error, 'orig', None) or error}"
        ) from None


def _schema() -> str | None:
    from airflow.configuration import conf

    return conf.get("database", "sql_alchemy_schema", fallback=None) or None


def _tables_are_missing() -> bool:
    from airflow import settings as airflow_settings
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return not inspect(airflow_settings.engine).has_table(DEPLOYED, schema=_schema())
    except SQLAlchemyError:
        return False  # it does not answer at all
