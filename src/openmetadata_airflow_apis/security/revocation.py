"""Which tokens were revoked: a table in Airflow's database, shared by all webservers."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow import settings as airflow_settings
from sqlalchemy import BigInteger, Column, String, Table, bindparam, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.database_refusals import why
from openmetadata_airflow_apis.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

TABLE_NAME = "openmetadata_airflow_apis_revoked_token"
TABLE = Table(
    TABLE_NAME,
    own_tables.metadata(),
    # Of one token (jti), of all tokens of a login (family), or of one refresh or login (its receipt).
    Column("identifier", String(36), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),  # seconds since 1970: not needed after that
)
# Whether one of `identifiers` is revoked. Built once: each request runs it, and building takes as long as running.
IS_REVOKED = select(TABLE.c.identifier).where(TABLE.c.identifier.in_(bindparam("identifiers", expanding=True))).exists()
# How long a receipt is kept: longer than anybody asks for it.
_RECEIPT_SECONDS = 3600


def create_table() -> None:
    """Create the table if it is missing, even while another process creates it, and delete what has expired.

    If Airflow's database user may not create tables, this is logged, and every token is refused with 503.
    """
    try:
        own_tables.create_missing(TABLE)
        with airflow_settings.engine.begin() as connection:
            connection.execute(delete(TABLE).where(TABLE.c.expires_at < _now()))
    except SQLAlchemyError:
        log.exception(
            "The table %s cannot be made or read in Airflow's database; tokens are refused until it can", TABLE_NAME
        )


def is_revoked(*identifiers: str) -> bool:
    """Tell whether one of these tokens or families is revoked; raise Unavailable if that can't be read."""
    session = airflow_settings.Session()
    with asking(session):
        return bool(session.execute(select(IS_REVOKED), {"identifiers": identifiers}).scalar())


@contextmanager
def asking(session: Any) -> Iterator[None]:
    """Run IS_REVOKED in the block, alone or in another statement; raise Unavailable if that can't be read."""
    try:
        yield
    except SQLAlchemyError as error:
        session.rollback()
        raise _unavailable(error) from error


def revoke(identifier: str, *, until: datetime, session: Session) -> None:
    """Revoke a token or a family in the session's transaction; until: when the last token concerned expires.

    Revoking twice changes nothing. Commits nothing. Raises IntegrityError if another is revoking the same just now.
    """
    _forget_expired(session)
    if session.execute(select(TABLE.c.identifier).where(TABLE.c.identifier == identifier)).first() is None:
        _insert(identifier, int(until.timestamp()) + 1, session=session)


def keep_receipt(receipt: str, *, session: Session) -> None:
    """Store a receipt in the session's transaction, which proves for an hour that the transaction was committed.

    Storing the same receipt again waits until the first transaction ends, and raises IntegrityError if that was
    committed: a COMMIT whose answer was lost may still arrive.
    """
    _forget_expired(session)
    _insert(receipt, _now() + _RECEIPT_SECONDS, session=session)


def has_receipt(receipt: str) -> bool:
    """Tell, by a connection of its own, whether a receipt is stored."""
    with airflow_settings.engine.connect() as connection:
        return connection.execute(select(TABLE).where(TABLE.c.identifier == receipt)).first() is not None


def spend(identifier: str, *, until: datetime, session: Session) -> None:
    """Revoke a token in the session's transaction; raise IntegrityError if another call has revoked it before."""
    _insert(identifier, int(until.timestamp()) + 1, session=session)


def _forget_expired(session: Session) -> None:
    session.execute(delete(TABLE).where(TABLE.c.expires_at < _now()))


def _insert(identifier: str, expires_at: int, *, session: Session) -> None:
    session.execute(insert(TABLE).values(identifier=identifier, expires_at=expires_at))


def _now() -> int:
    return int(datetime.now(timezone.utc).timestamp())


def _unavailable(error: Exception) -> Unavailable:
    log.error("The table %s cannot be used: %s", TABLE_NAME, error)
    return Unavailable(
        why(
            "It cannot be known whether the token was revoked: Airflow's database does not answer; try again later",
            error,
        )
    )
