"""One transaction an operation: committed once, or not at all, whatever becomes of the connection to the database.

The answer to a COMMIT can be lost: the database has committed, then the connection breaks, as in a failover. What to
do with an operation that must not be done twice::

    receipt = audit.Receipt()

    def change() -> Killed:
        ...                                  # lock, look, decide, write; called again for each try
        audit.record("kill_running_tasks", ..., receipt=receipt, session=session)
        return killed

    in_one_transaction(
        change,
        session=session,
        was_committed=lambda: receipt.is_stored(session=session),
        unknown=lambda killed: f"… it isn't known whether … was killed; look at …",
    )

Ids and moments that the change writes are chosen before, so that each try writes the same ones. A change that may be
done twice, since the second time changes nothing, needs no receipt and no was_committed.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from airflow.utils.retries import MAX_DB_RETRIES
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from openmetadata_airflow_apis.database_refusals import READ_ONLY, refusal, why
from openmetadata_airflow_apis.errors import OutcomeUnknown, Unavailable
from openmetadata_airflow_apis.mysql_values import refused_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
# What comes of rows that the DAG processor writes at the same time.
COLLISIONS = (IntegrityError, StaleDataError)
# How long the database is asked whether it has committed what it gave no answer to: most failovers are over by then.
COMMIT_PATIENCE_SECONDS = 20.0
# How long one statement of a change waits for a lock. Three tries of that end before gunicorn ends the request, which
# PostgreSQL, without a limit of its own, and MySQL, with 50 s, would let happen: its caller would be told nothing.
_LOCK_SECONDS = 10
# The same after a lost connection, whose transaction may hold its locks until the server notices that it is gone.
_LOCK_SECONDS_AFTER_LOSS = 5

Write = Callable[[Any, "Session"], None]
_BESIDE: ContextVar[Write | None] = ContextVar("what is written beside a change", default=None)

_NOT_TAKEN = "Airflow's database does not answer, or is too busy; nothing was changed"
_UNKNOWN = "Airflow's database broke off while it took the change; it isn't known whether the change was made"


def in_one_transaction(
    change: Callable[[], Answer],
    *,
    session: Session,
    was_committed: Callable[[], bool] | None = None,
    unavailable: str = _NOT_TAKEN,
    unknown: Callable[[Answer], str] | None = None,
    again_after: tuple[type[Exception], ...] = (),
) -> Answer:
    """Call change and commit what it did; return its answer.

    The session must have nothing pending of its own. change is called again when the database ended the transaction
    (a deadlock, a lock that did not come in time), when the connection broke, and after errors of the classes
    again_after, such as COLLISIONS: as often as [database] max_db_retries says. Any other error rolls back and passes
    through.

    was_committed: whether the database has committed what an earlier try has written; what the session's transaction
    has written does not count. It is asked only when the answer to a COMMIT was lost: after the change was made
    again, and so has waited for the locks of the try before, and before this is committed or its error raised.
    If so, the answer of the try before is returned.

    Raises Unavailable with the sentence `unavailable` where nothing was committed; OutcomeUnknown with the sentence
    that `unknown` makes of the answer where that can't be told, since the database stays away; InvalidRequest where
    the database can't have a value.
    """
    tries = _Tries(change, was_committed, session)

    def is_passing(error: BaseException) -> bool:
        if isinstance(error, PoolTimeoutError):  # it has waited long enough, unless there is something to find out
            return tries.in_doubt
        return (
            isinstance(error, (OperationalError, *again_after)) or _is_disconnect(error) or refusal(error) is not None
        )

    def ends(state: RetryCallState) -> bool:
        if tries.in_doubt:
            return time.monotonic() - tries.in_doubt_since > COMMIT_PATIENCE_SECONDS
        return state.attempt_number >= MAX_DB_RETRIES

    try:
        # Not airflow.utils.retries.run_with_db_retries, which tries again after constraint violations too.
        for attempt in Retrying(
            retry=retry_if_exception(is_passing),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            stop=ends,
            reraise=True,
        ):
            with attempt:
                answer = tries.once()
    except Exception as error:
        if tries.in_doubt and (is_passing(error) or isinstance(error, Unavailable)):
            log.warning("the database does not say whether it took the change: %s", error)
            raise OutcomeUnknown(unknown(tries.answer) if unknown else _UNKNOWN) from error
        if is_passing(error) or isinstance(error, PoolTimeoutError):
            log.warning("the database did not take the change: %s", error)
            raise Unavailable(why(unavailable, error)) from error
        raise
    # Core statements pass by the identity map, and Airflow's sessions don't expire it on commit.
    session.expire_all()
    return answer


def beside() -> Write | None:
    """Return what is called in the transactions of changes that must not be done twice, None for nothing."""
    return _BESIDE.get()


@contextmanager
def written_beside(write: Write | None) -> Iterator[None]:
    """Have `write` called in the block's transactions of a change that must not be done twice: one with was_committed.

    It is given what the change has returned, and the session: what it writes is committed with the change, or not.
    None has nothing called.
    """
    before = _BESIDE.set(write)
    try:
        yield
    finally:
        _BESIDE.reset(before)


class _Tries(Generic[Answer]):
    """One change, tried until it is committed.

    in_doubt: the answer to the last COMMIT was lost. answer: what the change of that try had returned.
    """

    answer: Answer

    def __init__(
        self, change: Callable[[], Answer], was_committed: Callable[[], bool] | None, session: Session
    ) -> None:
        self._change = change
        self._was_committed = was_committed
        self._session = session
        self._lost_connection = False
        self.in_doubt = False
        self.in_doubt_since = 0.0

    def once(self) -> Answer:
        """Make the change and commit it, or raise, rolled back."""
        try:
            limit_lock_waits(
                _LOCK_SECONDS_AFTER_LOSS if self._lost_connection else _LOCK_SECONDS, session=self._session
            )
            answer = self._change()
            self._session.flush()
            write = _BESIDE.get()
            if write is not None and self._was_committed is not None:
                write(answer, self._session)
        except BaseException as error:
            self._session.rollback()
            self._lost_connection |= _is_disconnect(error)
            if refusal(error) == READ_ONLY:  # a former primary, whose connections stay: a new one may reach the new
                self._session.get_bind().dispose()
            if isinstance(error, Exception) and self._is_done():
                return self.answer
            refused = refused_value(error)
            if refused is not None:
                raise refused from error
            raise
        if self._is_done():
            self._session.rollback()
            return self.answer
        try:
            self._session.commit()
        except BaseException as error:
            self._session.rollback()
            self._lost_connection |= _is_disconnect(error)
            if _leaves_doubt(error):
                self.in_doubt_since = self.in_doubt_since or time.monotonic()
                self.in_doubt, self.answer = True, answer
            raise
        return answer

    def _is_done(self) -> bool:
        if not self.in_doubt or self._was_committed is None:
            return False
        return self._was_committed()


# Where a pooled connection keeps MySQL's own limit while it has another.
_OWN_LIMIT = "openmetadata_airflow_apis lock wait"


def limit_lock_waits(seconds: int, *, session: Session) -> None:
    """Have each statement of the session's transaction wait so long at most for a lock that another holds.

    PostgreSQL's own limit is none at all, MySQL's is 50 s. SQLite has one lock for all, and a limit of its own.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{seconds}s'"))
    elif connection.dialect.name == "mysql":  # whose limit is the connection's, which others are given afterwards
        if _OWN_LIMIT not in connection.info:
            own = connection.execute(text("SELECT @@SESSION.innodb_lock_wait_timeout")).scalar_one()
            event.listen(connection.engine, "checkin", _restore_limit)  # the same one is listened to once
            connection.info[_OWN_LIMIT] = own, connection.dialect.dbapi.Error
        connection.execute(text(f"SET SESSION innodb_lock_wait_timeout = {seconds}"))


def _restore_limit(connection: Any, record: Any) -> None:
    """Give a connection that comes back to its pool the limit that it had; close it where that is not possible."""
    own, error_of_driver = record.info.pop(_OWN_LIMIT, (None, None))
    if own is None or connection is None:
        return
    try:
        cursor = connection.cursor()
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {int(own)}")
        cursor.close()
    except error_of_driver as error:
        record.invalidate(error)


def _is_disconnect(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and bool(error.connection_invalidated)


def _leaves_doubt(error: BaseException) -> bool:
    """Tell whether an error of a COMMIT may be that of the connection alone, not of the server."""
    if not isinstance(error, DBAPIError):
        return False
    return _is_disconnect(error) or getattr(error.orig, "pgcode", "") is None


@contextmanager
def database_errors(sentence: str) -> Iterator[None]:
    """Turn a database that does not answer into Unavailable with this sentence.

    Raises InvalidRequest where it answers that it can't have a value.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError, StaleDataError) as error:
        refused = refused_value(error)
        if refused is not None:
            raise refused from error
        raise Unavailable(why(sentence, error)) from error
