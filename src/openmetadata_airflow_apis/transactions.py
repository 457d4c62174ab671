"""One transaction an operation: committed once at the end, or not at all; and what a database that is away means."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from airflow.utils.retries import MAX_DB_RETRIES
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm.exc import StaleDataError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from openmetadata_airflow_apis.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
# How often the rows of a deployment are written, where the DAG processor writes the same ones.
_TRIES = 3


def in_one_transaction(change: Callable[[], Answer], *, session: Session, dry_run: bool = False) -> Answer:
    """Call change and commit what it did, or roll it back where dry_run is set; return its answer.

    The session must have nothing pending of its own. change is called again when the database ended the
    transaction for a deadlock or a lock that did not come in time, as often as [database] max_db_retries says.
    Any other error rolls back and passes through. Raises Unavailable where the database does not answer.
    """
    try:
        # Not airflow.utils.retries.run_with_db_retries, which tries again after constraint violations too.
        for attempt in Retrying(
            retry=retry_if_exception_type(OperationalError),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            stop=stop_after_attempt(MAX_DB_RETRIES),
            reraise=True,
        ):
            with attempt:
                try:
                    answer = change()
                    if dry_run:
                        session.rollback()
                    else:
                        session.commit()
                except BaseException:
                    session.rollback()
                    raise
        # Core statements pass by the identity map, and Airflow's sessions don't expire it on commit.
        session.expire_all()
    except OperationalError as error:
        log.warning("the database did not take the change: %s", error)
        raise Unavailable("Airflow's database does not answer, or is too busy; nothing was changed") from error
    return answer


@contextmanager
def database_errors(sentence: str) -> Iterator[None]:
    """Turn a database that does not answer into Unavailable with this sentence."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, StaleDataError) as error:
        raise Unavailable(sentence) from error


def in_transaction(work: Callable[[], Any], *, session: Session) -> Any:
    """Run work and commit, again from its start where the DAG processor wrote the same rows at the same time."""
    for left in reversed(range(_TRIES)):
        try:
            result = work()
            session.commit()
        except (IntegrityError, OperationalError, StaleDataError) as error:
            session.rollback()
            if not left or getattr(error, "connection_invalidated", False):
                raise
            time.sleep(0.1)
        except BaseException:
            session.rollback()
            raise
        else:
            return result
    raise AssertionError  # the last try returns or raises
