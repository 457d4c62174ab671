"""A lock per name in Airflow's database, which a connection holds and which ends with it.

PostgreSQL: an advisory lock of a transaction, so that it works behind PgBouncer too. MySQL: a named lock, whose names
all databases of a server share. SQLite, which is a file on one machine: a lock on a file beside it.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow import settings as airflow_settings
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis.stores.name_locks import HeldElsewhere, locked_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

_POLL = 0.05
# The connection that holds all locks of a thread, so that fifty names don't need fifty connections.
_holding = threading.local()


@contextmanager
def locked_in_database(name: str, *, seconds: float) -> Iterator[None]:
    """Hold the lock of a name against every other process while the block runs.

    Raises HeldElsewhere if another holder keeps it for longer than `seconds`, SQLAlchemyError, OSError. On PostgreSQL a
    thread that holds several names releases all of them together, when it leaves the block that it entered first.
    """
    url = airflow_settings.engine.url
    if url.get_backend_name() == "sqlite":
        database = Path(url.database or "airflow.db")
        with locked_file(database.with_name(f".{database.name}.{name}.lock"), seconds=seconds):
            yield
        return
    with _connection() as connection:
        _acquire(connection, name, time.monotonic() + seconds)
        try:
            yield
        finally:
            if connection.dialect.name == "mysql":
                with suppress(SQLAlchemyError):  # the connection has broken, and its locks are gone
                    connection.execute(select(func.release_lock(_key(connection, name))))


@contextmanager
def _connection() -> Iterator[Connection]:
    if getattr(_holding, "connection", None) is not None:
        yield _holding.connection
        return
    connection = airflow_settings.engine.connect()
    _holding.connection = connection
    try:
        connection.begin()
        yield connection
    finally:
        _holding.connection = None
        with suppress(SQLAlchemyError):  # as above
            connection.close()


def _acquire(connection: Connection, name: str, deadline: float) -> None:
    key = _key(connection, name)
    is_mysql = connection.dialect.name == "mysql"
    attempt = select(func.get_lock(key, 0) if is_mysql else func.pg_try_advisory_xact_lock(key))
    while not connection.execute(attempt).scalar():
        if time.monotonic() > deadline:
            raise HeldElsewhere
        time.sleep(_POLL)


def _key(connection: Connection, name: str) -> Any:
    if connection.dialect.name == "mysql":  # a lock's name has at most 64 characters
        return sha256(f"openmetadata_airflow_apis {connection.engine.url.database} {name}".encode()).hexdigest()
    digest = sha256(f"openmetadata_airflow_apis {name}".encode())
    return int.from_bytes(digest.digest()[:8], "big", signed=True)
