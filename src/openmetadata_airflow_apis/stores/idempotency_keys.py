"""What became of requests with an Idempotency-Key: a row a key, in a table of our own in Airflow's database.

A request claims its key before it begins. The answer is written in the transaction of the change, so that whoever
finds it, finds the change made. Whoever repeats the request is given that answer; while the first request is under way
it has to wait; and where the first one's process has died before its change was committed, the repetition takes the key
over and does what was asked for.
"""

from __future__ import annotations

import json
import logging
import socket
import uuid
import zlib
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psutil
from airflow import settings as airflow_settings
from airflow.utils import timezone
from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Column, LargeBinary, String, Table, delete, insert, select, update
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.conflicts import IdempotencyKeyInUse
from openmetadata_airflow_apis.errors import IdempotencyKeyReused

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)
_LONGEST_HOST = 255
TABLE = Table(
    "openmetadata_airflow_apis_idempotency_key",
    own_tables.metadata(),
    Column("identifier", String(64), primary_key=True),  # the sha256 of the user and the key
    Column("request", String(64), nullable=False),  # the sha256 of what was asked for
    Column("claim", String(36), nullable=False),  # of whoever acts on it, or did last
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("hostname", String(_LONGEST_HOST), nullable=False),
    Column("process", String(64), nullable=False),  # that acts on it: its id and start
    Column("held_until", UtcDateTime, nullable=False),  # when that process is sure to have ended
    Column("answer", LargeBinary().with_variant(LONGBLOB(), "mysql")),  # zlib's, of JSON
)
ROW = TABLE.c


@dataclass(frozen=True)
class Claim:
    """The right to act on a key.

    since: when the key was first sent. is_repeated: whether a process that has died had begun with it.
    answer: what was answered already; nothing is to be done then.
    """

    identifier: str
    token: str
    since: datetime
    is_repeated: bool = False
    answer: Any | None = None


def make_table() -> None:
    """Create the table where it is missing; raise SQLAlchemyError."""
    own_tables.make_ready(TABLE)


def claim(key: str, *, user: str, request: str, seconds: float) -> Claim:
    """Claim a user's key for a request, or return the answer that it has got, in a transaction of its own.

    request: says what is asked for. seconds: how long a request can last. Raises IdempotencyKeyReused where the key was
    sent with another request, IdempotencyKeyInUse where that is under way.
    """
    identifier, digest = (
        sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in (f"{user}\0{key}", request)
    )
    while True:
        now = timezone.utcnow()
        values = {
            "claim": str(uuid.uuid4()),
            "hostname": socket.gethostname()[:_LONGEST_HOST],
            "process": _this_process(),
            "held_until": now + timedelta(seconds=seconds),
        }
        try:
            with airflow_settings.engine.begin() as connection:
                new = {"identifier": identifier, "request": digest, "created_at": now, **values}
                connection.execute(insert(TABLE).values(new))
        except IntegrityError:
            with airflow_settings.engine.begin() as connection:
                taken = _take_over(identifier, digest, values, connection)
            if taken is not None:
                return taken
        else:
            _forget_old(now)
            return Claim(identifier, values["claim"], now)


def _take_over(identifier: str, digest: str, values: dict[str, Any], connection: Connection) -> Claim | None:
    """Return a claim on a key that there is, None if that has changed meanwhile."""
    row = connection.execute(select(TABLE).where(ROW.identifier == identifier)).first()
    if row is None:
        return None
    if row.created_at < timezone.utcnow() - KEPT:
        connection.execute(delete(TABLE).where(ROW.identifier == identifier, ROW.claim == row.claim))
        return None
    if row.request != digest:
        raise IdempotencyKeyReused
    if row.answer is not None:
        return Claim(identifier, row.claim, row.created_at, answer=json.loads(zlib.decompress(row.answer)))
    if _is_alive(row):
        raise IdempotencyKeyInUse
    unchanged = (ROW.identifier == identifier) & (ROW.claim == row.claim) & ROW.answer.is_(None)
    if connection.execute(update(TABLE).where(unchanged).values(values)).rowcount == 0:
        return None
    return Claim(identifier, values["claim"], row.created_at, is_repeated=True)


def _forget_old(now: datetime) -> None:
    """Forget what is kept no longer; a transaction of its own, since MySQL's locks on such a range deadlock inserts."""
    try:
        with airflow_settings.engine.begin() as connection:
            connection.execute(delete(TABLE).where(ROW.created_at < now - KEPT))
    except SQLAlchemyError as error:
        log.warning("Old rows of the table %s are left for the next request to forget: %s", TABLE.name, error)


def write_answer(claimed: Claim, answer: Any, *, session: Session) -> None:
    """Write the answer in the caller's transaction. Raises IdempotencyKeyInUse if another has taken the key over."""
    written = update(TABLE).where(_of(claimed)).values(answer=zlib.compress(json.dumps(answer).encode()))
    if session.execute(written.execution_options(synchronize_session=False)).rowcount == 0:
        raise IdempotencyKeyInUse


def finish(claimed: Claim, answer: Any) -> None:
    """Write the answer that was given, in a transaction of its own, where that is not the one that is written."""
    with airflow_settings.engine.begin() as connection:
        connection.execute(update(TABLE).where(_of(claimed)).values(answer=zlib.compress(json.dumps(answer).encode())))


def forget(claimed: Claim) -> None:
    """Forget a request that has changed nothing: the same key may be sent again, with whatever."""
    with airflow_settings.engine.begin() as connection:
        connection.execute(delete(TABLE).where(_of(claimed)))


def let_go(claimed: Claim) -> None:
    """Have the next repetition take the key over, if no answer is written: it isn't known what has been done."""
    with airflow_settings.engine.begin() as connection:
        unanswered = _of(claimed) & ROW.answer.is_(None)
        connection.execute(update(TABLE).where(unanswered).values(held_until=claimed.since, hostname="", process=""))


def _hashed(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _of(claimed: Claim) -> Any:
    return (ROW.identifier == claimed.identifier) & (ROW.claim == claimed.token)


def _this_process() -> str:
    process = psutil.Process()
    return f"{process.pid} {process.create_time()}"


def _is_alive(row: Row) -> bool:
    """Say whether a request may still be under way: its process lives, or is of another host and not over its time."""
    if row.hostname != socket.gethostname()[:_LONGEST_HOST]:
        return bool(row.held_until > timezone.utcnow())
    pid, _, start = row.process.partition(" ")
    try:
        holder = psutil.Process(int(pid))
        # One that was killed stays in the table of processes until its parent asks for its end, which some never do.
        return bool(start == str(holder.create_time())) and holder.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
