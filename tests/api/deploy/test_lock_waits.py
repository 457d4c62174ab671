"""How long a change waits for a row that another transaction holds, and what becomes of the connection after it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from airflow import settings as airflow_settings
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from openmetadata_airflow_apis import transactions
from openmetadata_airflow_apis.deploy import delete_dag, deletion, deploy, row_locks
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.transactions import in_one_transaction, limit_lock_waits
from support.statements import counted

from .conftest import add_run, make_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

pytestmark = pytest.mark.usefixtures("_rows_have_locks")
LIMITS = {
    "mysql": "SELECT @@SESSION.innodb_lock_wait_timeout",
    "postgresql": "SELECT setting::int / 1000 FROM pg_settings WHERE name = 'lock_timeout'",
}


@pytest.fixture
def dialect(session) -> str:
    return session.get_bind().dialect.name


@pytest.fixture
def _rows_have_locks(dialect) -> None:
    if dialect not in LIMITS:
        pytest.skip("SQLite has one lock for all rows")


@pytest.fixture
def nightly(session, settings, dags):
    """A deployed DAG with a run that has ended."""
    deployment = deploy(make_workflow(), user="ada", settings=settings, session=session)
    add_run(session, "nightly", "run0", "success", {"check": "success"})
    return deployment


@contextmanager
def scheduler() -> Iterator[Connection]:
    """A connection of another process."""
    engine = create_engine(airflow_settings.engine.url, poolclass=NullPool, future=True)
    with engine.connect() as connection:
        yield connection


def limit(connection, dialect: str) -> int:
    """How many seconds a statement of a connection waits for a lock; 0 for ever."""
    return connection.execute(text(LIMITS[dialect])).scalar_one()


def limits_of_the_pool(dialect: str) -> set[int]:
    """How long the connections wait that Airflow's pool gives to whoever comes next, all of those that it keeps."""
    with ExitStack() as taken:
        kept = [
            taken.enter_context(airflow_settings.engine.connect())
            for _ in range(airflow_settings.engine.pool.checkedin())
        ]
        return {limit(connection, dialect) for connection in kept}


@pytest.fixture
def before(dialect) -> set[int]:
    """How long a connection waits that nothing has changed."""
    with scheduler() as connection:
        return {limit(connection, dialect)}


def test_a_delete_does_not_wait_as_long_as_the_database_would(nightly, session, settings, monkeypatch, dialect, before):
    """A delete asks again and again for a run that a scheduler holds, and gives up when its own time is over."""
    monkeypatch.setattr(row_locks, "_ONE_WAIT", 1)
    monkeypatch.setattr(deletion, "_SECONDS", 5)
    with scheduler() as holder:
        held = holder.execute(text("SELECT id FROM dag_run WHERE dag_id = 'nightly' FOR UPDATE")).all()
        assert len(held) == 1
        with counted(session) as statements, pytest.raises(Unavailable, match="Airflow is working on the runs of the"):
            delete_dag("nightly", user="ada", settings=settings, session=session)
    session.rollback()
    asked = [one for one in statements if "lock_wait_timeout = 1" in one or "lock_timeout = '1s'" in one]
    assert len(asked) > 1  # the first one alone would have lasted longer, by the database's own limit
    assert limits_of_the_pool(dialect) == before
    assert delete_dag("nightly", user="ada", settings=settings, session=session).dag_id == "nightly"
    assert limits_of_the_pool(dialect) == before


def test_the_limit_ends_with_the_transaction(session, dialect, before):
    """Commit, rollback and an error leave the connection as it was; so do two limits one after the other."""

    def fail() -> None:
        limit_lock_waits(4, session=session)
        raise LookupError

    for end in (session.commit, session.rollback, session.close):
        limit_lock_waits(3, session=session)
        limit_lock_waits(2, session=session)
        assert limit(session, dialect) == 2
        end()
        assert limits_of_the_pool(dialect) == before
    with pytest.raises(LookupError):
        in_one_transaction(fail, session=session)
    assert limits_of_the_pool(dialect) == before


def test_a_change_whose_connection_was_lost(session, dialect, before):
    """A change waits ten seconds for a lock; the next try five, for those that the lost connection may hold still."""
    limits: list[int] = []
    own = {"mysql": "SELECT CONNECTION_ID()", "postgresql": "SELECT pg_backend_pid()"}[dialect]
    end = {"mysql": "KILL {}", "postgresql": "SELECT pg_terminate_backend({})"}[dialect]

    def change() -> None:
        limits.append(limit(session, dialect))
        if len(limits) == 1:
            number = session.execute(text(own)).scalar_one()
            with scheduler() as other:
                other.execute(text(end.format(number)))
            session.execute(text("SELECT 1"))

    in_one_transaction(change, session=session)
    assert limits == [transactions._LOCK_SECONDS, transactions._LOCK_SECONDS_AFTER_LOSS] == [10, 5]
    assert limits_of_the_pool(dialect) == before
    with pytest.raises(OperationalError):  # noqa: PT012 - the limit is the connection's that is broken
        limit_lock_waits(3, session=session)
        number = session.execute(text(own)).scalar_one()
        with scheduler() as other:
            other.execute(text(end.format(number)))
        session.execute(text("SELECT 1"))
    session.rollback()
    assert limits_of_the_pool(dialect) == before
