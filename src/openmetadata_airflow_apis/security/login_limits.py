"""Limits how often a password may be wrong, for each address and each user name.

All webserver processes share one count: in a table in Airflow's database, or in the storage of Flask-Limiter if
RATELIMIT_STORAGE_URI names one that processes share.

In the table each limited thing (an address, a user name) has a row: how many of its tries were refused in the present
window of time, and how many are being checked now. Together they never exceed the limit, so that no more passwords are
checked than may be refused, however many come at once; the others wait to see whether a try is left for them.

Each password that is being checked has a row, too. If the answer to a COMMIT is lost, this row tells whether the check
was begun or ended, so that no try is counted twice, or stays taken.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import limits
from airflow import settings as airflow_settings
from flask import current_app, request
from sqlalchemy import BigInteger, Column, Integer, String, Table, and_, delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.airflow_versions.webserver import limit_storage_errors
from openmetadata_airflow_apis.database_refusals import why
from openmetadata_airflow_apis.errors import TooManyTries, Unavailable
from openmetadata_airflow_apis.transactions import COLLISIONS, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

log = logging.getLogger(__name__)

TABLE_NAME = "openmetadata_airflow_apis_login_try"
TABLE = Table(
    TABLE_NAME,
    own_tables.metadata(),
    Column("identifier", String(64), primary_key=True),  # a hash of what is limited, and of its limit; or a Look's
    Column("refused", Integer, nullable=False),  # in this window
    Column("pending", Integer, nullable=False),  # being checked
    Column("ends_at", BigInteger, nullable=False, index=True),  # seconds since 1970: the end of the window
)
_COUNTED = TABLE.c.refused + TABLE.c.pending
# How long a try waits for those that are being checked, and how often it asks.
TRY_PATIENCE_SECONDS = 10
_POLL_SECONDS = 0.05
# A row is deleted some time after its window, when nobody can still be about to begin a new window in it.
_KEPT_SECONDS = 3600

Answer = TypeVar("Answer")


@dataclass
class PasswordTry:
    """One password that is being checked. refused: set if it is wrong."""

    refused: bool = False


@contextmanager
def one_try(security_manager: Any, username: str) -> Iterator[PasswordTry]:
    """Let the block check a password, and count the password if it is refused.

    Raises TooManyTries if the address or the user name has had too many refusals: before the block, or after it if
    others were refused meanwhile. Raises Unavailable if tries can't be counted.
    """
    this_try = PasswordTry()
    limiter = security_manager.limiter
    if not (security_manager.is_auth_limited and limiter.enabled):
        yield this_try
        return
    items = limits.parse_many(security_manager.auth_rate_limit)
    counting = _in_storage if _shared_storage_is_configured() else _in_database
    with counting(limiter, items, _counted_by(username), this_try):
        yield this_try


def _shared_storage_is_configured() -> bool:
    uri = current_app.config.get("RATELIMIT_STORAGE_URI")
    return bool(uri) and not str(uri).startswith("memory:")


def _counted_by(username: str) -> tuple[tuple[str, str], ...]:
    name = hashlib.sha256(username.strip().lower().encode("utf-8", "replace")).hexdigest()
    return ("address", request.remote_addr or ""), ("user", name)


@contextmanager
def _in_database(
    _: Any, items: list[limits.RateLimitItem], counted_by: tuple[tuple[str, str], ...], this_try: PasswordTry
) -> Iterator[None]:
    # Always by address first: two tries that take rows in different orders would wait for each other.
    limits_to_take = [
        Limit(
            key=hashlib.sha256(f"{item.amount} in {item.get_expiry()} s: {kind} {value}".encode()).hexdigest(),
            tries=item.amount,
            seconds=item.get_expiry(),
        )
        for kind, value in counted_by
        for item in items
    ]
    look = begin(limits_to_take)
    try:
        yield
    finally:
        end(look, refused=this_try.refused)


@contextmanager
def _in_storage(
    limiter: Any, items: list[limits.RateLimitItem], counted_by: tuple[tuple[str, str], ...], this_try: PasswordTry
) -> Iterator[None]:
    storage_errors = limit_storage_errors(limiter.storage)

    def ask(question: str, item: limits.RateLimitItem, key: tuple[str, str]) -> Any:
        try:
            return getattr(limiter.limiter, question)(item, "omaa", *key)
        except storage_errors as error:
            raise Unavailable("The storage of the login limit (RATELIMIT_STORAGE_URI) does not answer") from error

    def refuse(item: limits.RateLimitItem, key: tuple[str, str]) -> None:
        reset_at = ask("get_window_stats", item, key)[0]
        raise TooManyTries(retry_after=max(1, math.ceil(reset_at - time.time())))

    pairs = [(item, key) for item in items for key in counted_by]
    for item, key in pairs:
        if not ask("test", item, key):
            refuse(item, key)
    yield
    if this_try.refused:
        exhausted = [(item, key) for item, key in pairs if not ask("hit", item, key)]
        if exhausted:  # by tries that were under way at the same time
            refuse(*exhausted[0])


@dataclass(frozen=True)
class Limit:
    """How many tries may be refused in how many seconds. key: a hash of what is limited."""

    key: str
    tries: int
    seconds: int


@dataclass(frozen=True)
class _Taken:
    key: str
    ends_at: int
    is_new: bool = False  # the row was made for it


@dataclass(frozen=True)
class Look:
    """A password that is being checked, and the tries that it has taken."""

    identifier: str
    tries: tuple[_Taken, ...]


class _Full(Exception):
    """A limit has no try left now. seconds: until its window ends. spent: no try will be given back before that."""

    def __init__(self, seconds: int, *, spent: bool) -> None:
        self.seconds = seconds
        self.spent = spent
        super().__init__()


def create_table() -> None:
    """Create the table if it is missing. If that is not allowed, it is logged, and logins are refused with 503."""
    try:
        own_tables.create_missing(TABLE)
    except SQLAlchemyError:
        log.exception("The table %s cannot be made or read in Airflow's database; no password is taken", TABLE_NAME)


def begin(limits_to_take: Sequence[Limit]) -> Look:
    """Take one try of each limit, all or none; return the Look to pass to `end`.

    Waits while others are being checked that may give their tries back. Raises TooManyTries, Unavailable.
    """
    deadline = time.monotonic() + TRY_PATIENCE_SECONDS
    while True:
        try:
            look = _begun(limits_to_take)
        except _Full as full:
            if full.spent or time.monotonic() >= deadline:
                raise TooManyTries(retry_after=full.seconds if full.spent else 1) from None
            time.sleep(_POLL_SECONDS)
        else:
            if any(taken_try.is_new for taken_try in look.tries):
                _forget_old(_now())
            return look


def _begun(limits_to_take: Sequence[Limit]) -> Look:
    """Take one try of each limit; raise _Full, Unavailable."""
    looks: list[Look] = []
    identifier = str(uuid.uuid4())

    def change(session: Session) -> Look:
        if looks and session.execute(select(TABLE).where(TABLE.c.identifier == identifier)).first() is not None:
            return looks[-1]  # an earlier attempt was committed, and its answer was lost
        ends_at = _now() + max((limit.seconds for limit in limits_to_take), default=0)
        session.execute(insert(TABLE).values(identifier=identifier, refused=0, pending=0, ends_at=ends_at))
        looks.append(Look(identifier, tuple(_take(limit, session) for limit in limits_to_take)))
        return looks[-1]

    return _in_transaction(change)


def end(look: Look, *, refused: bool) -> None:
    """Count the tries if the password was refused; otherwise give them back. Raises Unavailable."""

    def change(session: Session) -> None:
        if not session.execute(delete(TABLE).where(TABLE.c.identifier == look.identifier)).rowcount:
            return  # an earlier attempt was committed, and its answer was lost
        for taken_try in look.tries:
            same_window = and_(
                TABLE.c.identifier == taken_try.key, TABLE.c.ends_at == taken_try.ends_at, TABLE.c.pending > 0
            )
            values = {"pending": TABLE.c.pending - 1, "refused": TABLE.c.refused + int(refused)}
            session.execute(update(TABLE).where(same_window).values(values))

    _in_transaction(change)


def _take(limit: Limit, session: Session) -> _Taken:
    """Take one try of a limit; raise _Full if there is none, IntegrityError if another has just made the row."""
    now = _now()
    this_row = TABLE.c.identifier == limit.key
    # The database locks the row at an update and then looks at it again: no two take the same last try.
    in_window = and_(this_row, TABLE.c.ends_at > now, _COUNTED > 0, limit.tries > _COUNTED)
    if session.execute(update(TABLE).where(in_window).values(pending=TABLE.c.pending + 1)).rowcount:
        return _Taken(limit.key, session.execute(select(TABLE.c.ends_at).where(this_row)).scalar_one())
    ends_at = now + limit.seconds
    unused = and_(this_row, or_(TABLE.c.ends_at <= now, _COUNTED == 0))
    if session.execute(update(TABLE).where(unused).values(refused=0, pending=1, ends_at=ends_at)).rowcount:
        return _Taken(limit.key, ends_at)
    row = session.execute(select(TABLE.c.refused, TABLE.c.ends_at).where(this_row)).first()
    if row is not None:
        raise _Full(max(1, math.ceil(row.ends_at - now)), spent=row.refused >= limit.tries)
    session.execute(insert(TABLE).values(identifier=limit.key, refused=0, pending=1, ends_at=ends_at))
    return _Taken(limit.key, ends_at, is_new=True)


def _in_transaction(change: Callable[[Session], Answer]) -> Answer:
    """Make a change in a transaction of its own; the change may be called twice. Raises Unavailable."""
    with Session(airflow_settings.engine) as session:
        try:
            return in_one_transaction(lambda: change(session), session=session, again_after=COLLISIONS)
        except (SQLAlchemyError, Unavailable) as error:
            raise _unavailable(error.__cause__ or error) from error


def _forget_old(now: int) -> None:
    try:
        with airflow_settings.engine.begin() as connection:
            connection.execute(delete(TABLE).where(TABLE.c.ends_at < now - _KEPT_SECONDS))
    except SQLAlchemyError as error:
        log.warning("Old rows of the table %s are left for the next try to forget: %s", TABLE_NAME, error)


def _now() -> int:
    return int(time.time())


def _unavailable(reason: BaseException) -> Unavailable:
    log.error("The table %s cannot be used: %s", TABLE_NAME, reason)
    sentence = (
        "Password tries cannot be counted, so that no password is taken: Airflow's database does not answer, or is too "
        "busy; try again later"
    )
    return Unavailable(why(sentence, reason))
