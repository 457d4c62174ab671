"""Tables of our own in Airflow's database: made if they are missing, and unknown to `airflow db`.

Tables that all webservers must understand alike have a version, in a table of one row. A release that changes such a
table increases SCHEMA_VERSION and converts older tables in `make_ready`. A webserver that finds a higher version than
its own is the older one of a rolling upgrade: it reads, and refuses to write.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from airflow import settings as airflow_settings
from airflow.configuration import conf
from airflow.models.base import StringID
from sqlalchemy import DDL, Column, Index, Integer, MetaData, Table, event, func, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from openmetadata_airflow_apis.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


def metadata() -> MetaData:
    """Return the MetaData for a table of ours: not Airflow's own, whose commands would expect the table or drop it."""
    return MetaData(schema=conf.get("database", "sql_alchemy_schema", fallback=None) or None)


# What the name of each of our tables begins with.
PREFIX = "openmetadata_airflow_apis_"
# The type of a dag_id, whose upper and lower case count in every database, as in Airflow's own tables.
DAG_ID = StringID()
# Making an index waits for whoever uses the table, and all others then wait for it: by MySQL's own limit for a year,
# and without a limit on PostgreSQL.
_ONE_WAIT = {"mysql": "SET SESSION lock_wait_timeout = 10", "postgresql": "SET LOCAL lock_timeout = '10s'"}
# In a table's `info`: the one index that it has on PostgreSQL alone.
_ON_POSTGRESQL = "index on PostgreSQL"
SCHEMA_VERSION = 1
_SCHEMA_ROW = 1
SCHEMA = Table(
    "openmetadata_airflow_apis_schema",
    metadata(),
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("version", Integer, nullable=False),
)


@dataclass(frozen=True)
class PostgresqlIndex:
    """An index that the other databases do without. words: what it is of, as in CREATE INDEX."""

    name: str
    table: Table
    words: str

    def create(self, connection: Connection) -> None:
        """Create it."""
        connection.execute(self.statement().against(self.table))

    def statement(self) -> DDL:
        """Return the statement that creates it."""
        return DDL(f"CREATE INDEX {self.name} ON %(fullname)s ({self.words})")


def add_postgresql_index(table: Table, name: str, words: str) -> None:
    """Have a table made with an index of that name on PostgreSQL, and the index made where only the table is there."""
    index = table.info[_ON_POSTGRESQL] = PostgresqlIndex(name, table, words)
    event.listen(table, "after_create", index.statement().execute_if(dialect="postgresql"))


def is_there(table: Table) -> bool:
    """Tell whether Airflow's database has the table."""
    return bool(inspect(airflow_settings.engine).has_table(table.name, schema=table.schema))


def create_missing(table: Table) -> None:
    """Create the table and its indexes if they are missing, even while another process creates them.

    MySQL and SQLite commit each of them by itself, so that the process that made the table may have ended before it
    made the indexes. PostgreSQL makes all or nothing, but an older release may have made the table without the index
    that only PostgreSQL has. Raises SQLAlchemyError if there is no table afterwards. An index that cannot be made is
    logged, and tried again at the next start: without it the table is slower, but correct.
    """
    if not is_there(table):
        try:
            table.create(airflow_settings.engine)
        except SQLAlchemyError:
            # Several webserver processes start at once, and one of them is the first.
            if not is_there(table):
                raise
        else:
            return
    if airflow_settings.engine.dialect.name == "postgresql" and _ON_POSTGRESQL not in table.info:
        return
    for index in missing_indexes(table):
        _create_index(index)


def missing_indexes(table: Table) -> list[Index | PostgresqlIndex]:
    """Return the indexes that Airflow's database lacks of a table, by columns, whatever the names. One look at most.

    One that only PostgreSQL has is known by its name.
    """
    engine = airflow_settings.engine
    on_postgresql = table.info.get(_ON_POSTGRESQL) if engine.dialect.name == "postgresql" else None
    if not table.indexes and on_postgresql is None:
        return []
    present_indexes = inspect(engine).get_indexes(table.name, schema=table.schema)
    present_columns = [index["column_names"] for index in present_indexes]
    missing: list[Index | PostgresqlIndex] = [
        index for index in table.indexes if [column.name for column in index.columns] not in present_columns
    ]
    if on_postgresql is not None and on_postgresql.name not in [index["name"] for index in present_indexes]:
        missing.append(on_postgresql)
    return sorted(missing, key=lambda index: str(index.name))


def _create_index(index: Index | PostgresqlIndex) -> None:
    try:
        with airflow_settings.engine.connect() as connection:
            dialect = connection.dialect.name
            if dialect == "mysql":
                connection.detach()  # so that the limit ends with this connection
            if dialect in _ONE_WAIT:
                connection.execute(text(_ONE_WAIT[dialect]))
            index.create(connection)
            connection.commit()
    except SQLAlchemyError as error:
        if index in missing_indexes(index.table):  # otherwise another webserver has made it meanwhile
            log.warning(
                "The index %s of the table %s cannot be made, and is tried again at the next start: %s",
                index.name,
                index.table.name,
                error,
            )


def make_ready(*tables: Table) -> None:
    """Create tables that have a version, if they are missing, and note the version; raise SQLAlchemyError.

    Leaves tables of a newer release as they are.
    """
    create_missing(SCHEMA)
    for table in tables:
        create_missing(table)
    with airflow_settings.engine.connect() as connection:
        if connection.execute(SCHEMA.select()).first() is not None:
            return
    try:
        with airflow_settings.engine.begin() as connection:
            connection.execute(SCHEMA.insert().values(id=_SCHEMA_ROW, version=SCHEMA_VERSION))
    except IntegrityError:
        # Several webserver processes start at once, and another was the first.
        return


def row_counts() -> dict[str, int]:
    """Return the names of our tables that are in Airflow's database, sorted, with the number of rows of each.

    Tables of other releases are included.
    """
    schema = metadata().schema
    names = sorted(name for name in inspect(airflow_settings.engine).get_table_names(schema) if name.startswith(PREFIX))
    with airflow_settings.engine.connect() as connection:
        return {name: connection.scalar(select(func.count()).select_from(Table(name, metadata()))) for name in names}


def drop(name: str) -> None:
    """Drop one of our tables with all that is in it, if it is there."""
    Table(name, metadata()).drop(airflow_settings.engine, checkfirst=True)


def check_tables(table: Table, *, session: Session) -> None:
    """Make a table that has a version, and the version's own, if they are missing, after rolling the session back.

    Raises ConfigurationError if a newer release made them, and Unavailable.
    """
    refuse_newer(ask_schema(lambda: session.execute(select(SCHEMA.c.version)), table, session=session).version)


def ask_schema(query: Callable[[], Any], table: Table, *, session: Session) -> Any:
    """Return the one row of a query on the table of our schema's version; make it, and `table`, if it is missing."""
    try:
        row = query().first()
    except (OperationalError, ProgrammingError):
        session.rollback()
        if is_there(SCHEMA):
            raise
        row = None
    if row is None:
        session.rollback()
        try:
            make_ready(table)
        except ProgrammingError as error:
            raise Unavailable(
                "The tables of versions are missing in Airflow's database, whose user may not make them "
                f"({error.orig}); let it create tables, and send the request again"
            ) from error
        row = query().one()
    return row


def refuse_newer_tables() -> None:
    """Raise ConfigurationError if the tables in the database are a newer release's."""
    if is_there(SCHEMA):
        with airflow_settings.engine.connect() as connection:
            for row in connection.execute(SCHEMA.select()):
                refuse_newer(row.version)


def refuse_newer(version: int) -> None:
    """Raise ConfigurationError if the version that the database notes is a newer release's."""
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"The tables of openmetadata-airflow-apis in Airflow's database are of version {version}, which a newer "
            f"release has made; this webserver's release knows version {SCHEMA_VERSION}, and changes nothing",
            cure="install the newer release here too",
        )
