"""Which tokens were ended before their time: a table in Airflow's database, shared by all webservers."""

from __future__ import annotations

import logging
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow import settings as airflow_settings
from sqlalchemy import BigInteger, Column, String, Table, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.transactions import in_one_transaction, why

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

TABLE_NAME = "openmetadata_airflow_apis_revoked_token"
TABLE = Table(
    TABLE_NAME,
    own_tables.metadata(),
    # Of one token (jti), of all tokens of a login (family), or of one refresh or login (its receipt).
    Column("identifier", String(36), primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),  # seconds since 1970: of no use after
)
# Whether one of `identifiers` is revoked. Made once: each request asks it, and making it takes as long as the answer.
IS_REVOKED = select(TABLE.c.identifier).where(TABLE.c.identifier.in_(bindparam("identifiers", expanding=True))).exists()
# How long a receipt is kept: longer than anybody asks for it.
_RECEIPT_SECONDS = 3600


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
    with asking(session):
        return bool(session.execute(select(IS_REVOKED), {"identifiers": identifiers}).scalar())


@contextmanager
def asking(session: Any) -> Iterator[None]:
    """Ask IS_REVOKED in the block, by itself or beside other things; raise Unavailable where that cannot be read."""
    try:
        yield
    except SQLAlchemyError as error:
        session.rollback()
        raise _unavailable(error) from error


def revoke(identifier: str, *, until: datetime, session: Session) -> None:
    """Revoke a token or a family in the session's transaction; until is when the last token concerned has ended.

    Twice is as good as once. Commits nothing. Raises IntegrityError where another is just revoking the same.
    """
    _forget_expired(session)
    if session.execute(select(TABLE.c.identifier).where(TABLE.c.identifier == identifier)).first() is None:
        _insert(identifier, int(until.timestamp()) + 1, session=session)


def spend(identifier: str, *, until: datetime) -> bool:
    """Revoke a token; return False where it was revoked before, however shortly, by another than this call.

    Raises Unavailable; OutcomeUnknown where it can't be told whether the token is revoked now.
    """
    receipt = str(uuid.uuid4())  # stored with the revocation: whoever finds it, finds it made by this call

    def change() -> bool:
        _insert(identifier, int(until.timestamp()) + 1, session=session)
        keep_receipt(receipt, session=session)
        return True

    def was_committed() -> bool:
        with airflow_settings.engine.connect() as connection:
            return connection.execute(select(TABLE).where(TABLE.c.identifier == receipt)).first() is not None

    with Session(airflow_settings.engine) as session:
        try:
            return in_one_transaction(
                change,
                session=session,
                was_committed=was_committed,
                unavailable="Airflow's database does not answer, so that the token was not renewed; try again later",
                unknown=lambda _: (
                    "Airflow's database broke off while it took the refresh token as used and has not answered since, "
                    "so it isn't known whether the token still holds; log in again"
                ),
            )
        except IntegrityError:
            return False


def keep_receipt(receipt: str, *, session: Session) -> None:
    """Write down that something was done, in the session's transaction, for an hour.

    Whoever writes the same receipt again waits for the transaction of before, and gets an IntegrityError where that
    was committed: where the answer to its COMMIT was lost, it may still come.
    """
    _forget_expired(session)
    _insert(receipt, _now() + _RECEIPT_SECONDS, session=session)


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
