"""Which tokens were ended before their time: a table in Airflow's database, shared by all webservers."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow import settings as airflow_settings
from airflow.configuration import conf
from sqlalchemy import BigInteger, Column, MetaData, String, Table, delete, insert, inspect, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from openmetadata_airflow_apis.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

TABLE_NAME = "openmetadata_airflow_apis_revoked_token"
# The table is not in Airflow's own metadata: `airflow db` must neither expect it nor drop it.
_TABLE = Table(
    TABLE_NAME,
    MetaData(schema=conf.get("database", "sql_alchemy_schema", fallback=None) or None),
    Column("identifier", String(36), primary_key=True),  # of one token (jti), or of all tokens of a login (family)
    Column("expires_at", BigInteger, nullable=False, index=True),  # seconds since 1970: of no use after
)


def create_table() -> None:
    """Create the table where it is missing, whoever else is creating it now, and forget what has expired.

    Where Airflow's database user may not create tables this is logged, and every token is refused with 503.
    """
    engine = airflow_settings.engine
    try:
        if not is_table_there():
            _create(engine)
        with engine.begin() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.expires_at < _now()))
    except SQLAlchemyError:
        log.exception(
            "The table %s cannot be made or read in Airflow's database; tokens are refused until it can", TABLE_NAME
        )


def is_table_there() -> bool:
    """Tell whether the table exists."""
    return bool(inspect(airflow_settings.engine).has_table(TABLE_NAME, schema=_TABLE.schema))


def is_revoked(*identifiers: str) -> bool:
    """Tell whether one of these tokens or families is revoked; raise Unavailable where that cannot be read."""
    session = airflow_settings.Session()
    question = select(_TABLE.c.identifier).where(_TABLE.c.identifier.in_(identifiers)).limit(1)
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
        session.execute(delete(_TABLE).where(_TABLE.c.expires_at < _now()))
        session.commit()
        return _inserted(session, identifier, until)
    except SQLAlchemyError as error:
        session.rollback()
        raise _unavailable(error) from error


def _inserted(session: Session, identifier: str, until: datetime) -> bool:
    try:
        session.execute(insert(_TABLE).values(identifier=identifier, expires_at=int(until.timestamp()) + 1))
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


def _create(engine: object) -> None:
    try:
        _TABLE.create(engine)
    except SQLAlchemyError:
        # Several webserver processes start at once, and one of them is the first.
        if not is_table_there():
            raise


def _now() -> int:
    return int(datetime.now(timezone.utc).timestamp())


def _unavailable(error: Exception) -> Unavailable:
    log.error("The table %s cannot be used: %s", TABLE_NAME, error)
    return Unavailable("It cannot be known whether the token was revoked: Airflow's database does not answer")
