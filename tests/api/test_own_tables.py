"""Our tables in Airflow's database, whose indexes are there after the next start, whatever has ended the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow import settings as airflow_settings
from sqlalchemy import Column, Integer, String, Table, event, inspect, select

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.dagbuild import shard_tables
from openmetadata_airflow_apis.security import login_limits, revocation
from openmetadata_airflow_apis.stores import idempotency_keys, version_rows
from support.doctor import look
from support.statements import counted
from support.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = [
    revocation.TABLE,
    login_limits.TABLE,
    own_tables.SCHEMA,
    version_rows.TABLE,
    idempotency_keys.TABLE,
    shard_tables.DEPLOYED_DAG,
    shard_tables.IMPORT_ERROR,
    shard_tables.PARSED_DAG,
]
INDEXED = Table(
    f"{own_tables.PREFIX}of_the_tests",
    own_tables.metadata(),
    Column("id", Integer, primary_key=True),
    Column("first", String(64), index=True),
    Column("second", Integer, nullable=False, index=True),
)


class Killed(BaseException):
    """Stands for the end of the process: no code of ours catches it, and nothing more is sent to the database."""


@pytest.fixture(autouse=True)
def _not_there(app) -> Iterator[None]:
    """The tests' table is not there before the test, nor after it."""
    INDEXED.drop(airflow_settings.engine, checkfirst=True)
    yield
    INDEXED.drop(airflow_settings.engine, checkfirst=True)


@pytest.fixture
def dialect(app) -> str:
    """The database's name among SQLAlchemy's."""
    return airflow_settings.engine.dialect.name


def indexes() -> set[str]:
    """The columns of which the tests' table has an index."""
    return {
        column
        for index in inspect(airflow_settings.engine).get_indexes(INDEXED.name)
        for column in index["column_names"]
    }


def killed_before(number: int) -> None:
    """Make the tests' table by a process that ends before it makes the index of that number."""
    sent = 0

    def end(_connection, _cursor, statement: str, *_others) -> None:
        nonlocal sent
        sent += statement.startswith("CREATE INDEX")
        if sent == number:
            raise Killed

    event.listen(airflow_settings.engine, "before_cursor_execute", end)
    try:
        with pytest.raises(Killed):
            own_tables.create_missing(INDEXED)
    finally:
        event.remove(airflow_settings.engine, "before_cursor_execute", end)


@pytest.mark.parametrize("number", [1, 2])
def test_a_process_that_ends_between_a_table_and_its_indexes(dialect, number):
    """The next start makes the indexes that are missing, and what is in the table stays."""
    killed_before(number)
    if dialect == "postgresql":  # which takes the table back as well
        assert not own_tables.is_there(INDEXED)
        own_tables.create_missing(INDEXED)
    else:
        assert len(indexes()) == number - 1
    with airflow_settings.engine.begin() as connection:
        connection.execute(INDEXED.insert().values(id=1, first="a", second=2))

    own_tables.create_missing(INDEXED)

    assert indexes() == {"first", "second"}
    assert own_tables.missing_indexes(INDEXED) == []
    with airflow_settings.engine.connect() as connection:
        assert connection.execute(select(INDEXED)).all() == [(1, "a", 2)]


@pytest.mark.parametrize("before", ["nothing", "a table without indexes"])
def test_several_webservers_make_the_indexes_at_once(dialect, before):
    """None of them fails, whether the table is there already or not."""
    if before != "nothing":
        bare = INDEXED.to_metadata(own_tables.metadata())
        bare.indexes.clear()
        bare.create(airflow_settings.engine)
    at_once(lambda _: own_tables.create_missing(INDEXED), 6)
    own_tables.create_missing(INDEXED)  # makes what a deadlock has kept from being made, as the next start does
    if before == "nothing" or dialect != "postgresql":
        assert indexes() == {"first", "second"}


@pytest.mark.parametrize("table", OURS, ids=str)
def test_a_start_where_nothing_is_missing(table, session, dialect):
    """It looks for the table, and where the database commits an index by itself, for its indexes; no more."""
    own_tables.create_missing(table)
    assert own_tables.missing_indexes(table) == []
    with counted(session) as looks:
        own_tables.create_missing(table)
    assert not [
        statement for statement in looks if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "SHOW"))
    ]
    if dialect == "postgresql" and table is not shard_tables.DEPLOYED_DAG:
        assert len(looks) == 1
    elif dialect == "mysql":
        assert len(looks) == 1 + bool(table.indexes)


def test_an_index_of_another_name(dialect):
    """An index that an administrator has made by another name is one: no second one is made beside it."""
    killed_before(1)
    if dialect == "postgresql":
        own_tables.create_missing(INDEXED)
        return
    with airflow_settings.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE INDEX of_an_administrator ON {INDEXED.name} (first)")
    own_tables.create_missing(INDEXED)
    names = {index["name"] for index in inspect(airflow_settings.engine).get_indexes(INDEXED.name)}
    assert names == {"of_an_administrator", f"ix_{INDEXED.name}_second"}


def test_an_index_that_cannot_be_made(caplog, dialect):
    """A start goes on without an index that cannot be made, says so, and leaves it to the next one."""
    killed_before(1)
    if dialect == "postgresql":
        return

    def misspell(_connection, _cursor, statement: str, parameters: object, *_others) -> tuple[str, object]:
        return statement.replace("CREATE INDEX", "CREATE INDEKS"), parameters

    event.listen(airflow_settings.engine, "before_cursor_execute", misspell, retval=True)
    try:
        own_tables.create_missing(INDEXED)
    finally:
        event.remove(airflow_settings.engine, "before_cursor_execute", misspell)
    assert f"The index ix_{INDEXED.name}_first of the table {INDEXED.name} cannot be made" in caplog.text
    assert indexes() == set()
    own_tables.create_missing(INDEXED)
    assert indexes() == {"first", "second"}


def test_an_index_of_a_table_in_use(caplog, dialect, monkeypatch):
    """On MySQL a start does not wait for ever for a transaction that has read the table, with all others behind it."""
    if dialect != "mysql":
        return
    killed_before(1)
    monkeypatch.setattr(own_tables, "_ONE_WAIT", "SET SESSION lock_wait_timeout = 1")
    with airflow_settings.engine.connect() as reading:
        reading.execute(select(INDEXED)).all()
        own_tables.create_missing(INDEXED)
        assert "is tried again at the next start" in caplog.text
        assert indexes() == set()
    own_tables.create_missing(INDEXED)
    assert indexes() == {"first", "second"}
    with airflow_settings.engine.connect() as connection:  # the limit is of no connection that others are given
        assert connection.exec_driver_sql("SELECT @@SESSION.lock_wait_timeout > 1").scalar()


@pytest.mark.parametrize("in_use", [False, True], ids=["idle", "in use"])
def test_a_table_of_the_release_before_the_index(caplog, dialect, monkeypatch, in_use):
    """On PostgreSQL the next start makes the index that only new tables had; where it can't, it says so and goes on."""
    table = shard_tables.DEPLOYED_DAG
    if dialect != "postgresql":
        pytest.skip("the other databases' own index is in the order of bytes")
    monkeypatch.setitem(own_tables._ONE_WAIT, "postgresql", "SET LOCAL lock_timeout = '100ms'")
    shard_tables.make_tables()
    with airflow_settings.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {shard_tables.BY_BYTES}")
    assert [index.name for index in own_tables.missing_indexes(table)] == [shard_tables.BY_BYTES]
    with airflow_settings.engine.connect() as other:
        if in_use:
            other.exec_driver_sql(f"LOCK TABLE {table.fullname} IN ROW EXCLUSIVE MODE")
        shard_tables.make_tables()
        other.rollback()
    assert bool(own_tables.missing_indexes(table)) is in_use
    assert (f"The index {shard_tables.BY_BYTES} of the table {table.name} cannot be made" in caplog.text) is in_use
    shard_tables.make_tables()
    assert own_tables.missing_indexes(table) == []


def test_doctor_names_the_index(monkeypatch):
    """`doctor` says which index a table of ours lacks."""
    monkeypatch.setattr(own_tables, "missing_indexes", lambda table: sorted(table.indexes, key=str)[:1])
    name = revocation.TABLE_NAME
    (found,) = [finding for finding in look("own tables") if name in finding.detail]
    assert str(found) == (
        f"problem  database: the index ix_{name}_expires_at of the table {name} is missing, so that it is slower with "
        "each row; restart the webserver, which makes it; where it cannot, its log says why"
    )
