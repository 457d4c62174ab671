"""Which tokens were ended before their time: a table in Airflow's database, shared by all webservers."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow import settings as airflow_settings
from sqlalchemy import BigInteger, Column, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

TABLE_NAME = "openmetadata_airflow_apis_revoked_token"
TABLE = Table(
    TABLE_NAME,
    own_tables.metadata(),
    Column("identifier", String(36), primary_key=True),  # of one token (jti), or of all tokens of a login (family)
    Column("expires_at", BigInteger, nullable=False, index=True),  # seconds since 1970: of no use after
)


def create_table() -> None:
    """Create the table where it is missing, whoever else is creating it now, and forget what has expired.

    Where Airflow's database user may not create tables this is logged, and every token is refused with 503.
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
    """Tell whether one of these tokens or families is revoked; raise Unavailable where that cannot be read."""
    session = airflow_settings.Session()
    question = select(TABLE.c.identifier).where(TABLE.c.identifier.in_(identifiers)).limit(1)
    try:
        return session.execute(question).first() is not None
    except SQLAlchemyError as error:
        session.rollback()
        raise _unavailable(error) from error


def revoke(identifier: str, *, until: datetime) -> None:
    """Revoke a token or a family; until is when the last token concerned has ended. Twice is as good as once."""
    spend(identifier, until=until)


def spend(identifier: str, *, until: datetime) -> bool:
    """Revoke a token or a family; return False where somebody did so before, however shortly."""
    session = airflow_settings.Session()
    try:
        session.execute(delete(TABLE).where(TABLE.c.expires_at < _now()))
        session.commit()
        return _inserted(session, identifier, until)
    except SQLAlchemyError as error:
        session.rollback()
        raise _unavailable(error) from error


def _inserted(session: Session, identifier: str, until: datetime) -> bool:
    try:
        session.execute(insert(TABLE).values(identifier=identifier, expires_at=int(until.timestamp()) + 1))
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


def _now() -> int:
    return int(datetime.now(timezone.utc).timestamp())


def _unavailable(error: Exception) -> Unavailable:
    log.error("The table %s cannot be used: %s", TABLE_NAME, error)
    return Unavailable("It cannot be known whether the token was revoked: Airflow's database does not answer")
