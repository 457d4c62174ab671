"""Keeps the answers of requests with an Idempotency-Key: a row for each key, in a table of ours in Airflow's database.

A request claims its key before it begins, and writes its answer in the transaction of the change: if there is an
answer, the change was made. A repeated request gets that answer; while the first request is under way, it is refused.
If the first request's process died before the change was committed, the repetition takes the key over and makes the
change.
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
from openmetadata_airflow_apis.conflict_errors import IdempotencyKeyInUse
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
    Column("claim", String(36), nullable=False),  # the token of the request that acts on it, or did last
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

    since: when the key was first sent. is_repeated: whether an earlier request with the key began and died.
    answer: the answer given already; then nothing is left to do.
    """

    identifier: str
    token: str
    since: datetime
    is_repeated: bool = False
    answer: Any | None = None


def make_table() -> None:
    """Create the table if it is missing. Raises SQLAlchemyError."""
    own_tables.make_ready(TABLE)


def claim(key: str, *, user: str, request: str, seconds: float) -> Claim:
    """Claim a user's key for a request, in a transaction of its own; the claim has the answer if there is one already.

    request: a text that identifies the request. seconds: how long a request can last. Raises IdempotencyKeyReused if
    the key was sent with another request, IdempotencyKeyInUse if a request with the key is under way.
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
                existing_claim = _take_over(identifier, digest, values, connection)
            if existing_claim is not None:
                return existing_claim
        else:
            _forget_old(now)
            return Claim(identifier, values["claim"], now)


def _take_over(identifier: str, digest: str, values: dict[str, Any], connection: Connection) -> Claim | None:
    """Return a claim on an existing key, None if its row has changed meanwhile or was too old."""
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
    """Delete old rows, in a transaction of its own: MySQL's locks on such a range would deadlock with inserts."""
    try:
        with airflow_settings.engine.begin() as connection:
            connection.execute(delete(TABLE).where(ROW.created_at < now - KEPT))
    except SQLAlchemyError as error:
        log.warning("Old rows of the table %s are left for the next request to forget: %s", TABLE.name, error)


def write_answer(claimed: Claim, answer: Any, *, session: Session) -> None:
    """Write the answer in the caller's transaction. Raises IdempotencyKeyInUse if a repetition took the key over."""
    row_update = update(TABLE).where(_of(claimed)).values(answer=zlib.compress(json.dumps(answer).encode()))
    if session.execute(row_update.execution_options(synchronize_session=False)).rowcount == 0:
        raise IdempotencyKeyInUse


def finish(claimed: Claim, answer: Any) -> None:
    """Replace the written answer by the one that was finally given, in a transaction of its own."""
    with airflow_settings.engine.begin() as connection:
        connection.execute(update(TABLE).where(_of(claimed)).values(answer=zlib.compress(json.dumps(answer).encode())))


def forget(claimed: Claim) -> None:
    """Delete the row of a request that changed nothing; its key may then be sent with any request."""
    with airflow_settings.engine.begin() as connection:
        connection.execute(delete(TABLE).where(_of(claimed)))


def let_go(claimed: Claim) -> None:
    """Let the next repetition take the key over, unless an answer is written; for a request with unknown outcome."""
    with airflow_settings.engine.begin() as connection:
        unanswered = _of(claimed) & ROW.answer.is_(None)
        connection.execute(update(TABLE).where(unanswered).values(held_until=claimed.since, hostname="", process=""))


def _of(claimed: Claim) -> Any:
    return (ROW.identifier == claimed.identifier) & (ROW.claim == claimed.token)


def _this_process() -> str:
    process = psutil.Process()
    return f"{process.pid} {process.create_time()}"


def _is_alive(row: Row) -> bool:
    """Say whether a request may be under way: its process lives, or is on another host and its time is not over."""
    if row.hostname != socket.gethostname()[:_LONGEST_HOST]:
        return bool(row.held_until > timezone.utcnow())
    pid, _, start = row.process.partition(" ")
    try:
        holder = psutil.Process(int(pid))
        # A killed process stays in the process table as a zombie until its parent waits for it; some never do.
        return bool(start == str(holder.create_time())) and holder.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
