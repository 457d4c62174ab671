"""Asks the Celery workers which queues they serve, through their broker and for a second at most."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.runs.work_with_deadline import NotInTime, done_in_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

# How long the workers have to answer. The time is always waited out, since nobody knows how many workers there are.
_SECONDS_TO_ANSWER = 0.8
_SECONDS = 1.0
# How long an answer is used again; the same holds if no answer came.
_SECONDS_KEPT = 5.0
# For the transports that know these options. Without them a lost broker would hold a thread for hours.
_GIVE_UP = {"max_retries": 1, "socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
_NOBODY = (
    "no Celery worker answered within a second: none is running, or they take no remote commands "
    "([celery] worker_enable_remote_control; Amazon SQS has none)"
)


@dataclass(frozen=True)
class CeleryWorkers:
    """The queues that workers serve, each with these workers' names. problem: why they are not known."""

    queues: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problem: str | None = None


@dataclass
class _LastAnswer:
    workers: CeleryWorkers
    time: float


_lock = threading.Lock()
_asking = threading.Lock()
_last: list[_LastAnswer] = []


def celery_workers() -> CeleryWorkers:
    """Return which workers serve which queue, as they answer now or answered this process a few seconds ago."""
    with _lock:
        if not _last or time.monotonic() - _last[0].time > _SECONDS_KEPT:
            _last[:] = [_LastAnswer(_ask(), time.monotonic())]
        return _last[0].workers


def _ask() -> CeleryWorkers:
    try:
        from airflow.providers.celery.executors.celery_executor_utils import app
    except ImportError as error:
        log.warning("The Celery workers can't be asked: %s", error)
        return CeleryWorkers(problem="the webserver has no apache-airflow-providers-celery to ask Celery's broker with")
    answers: list[dict[str, Any]] = []
    try:
        done_in_time(lambda: _broadcast(app, answers), time.monotonic() + _SECONDS, name="asking the Celery workers")
    except NotInTime:
        if not answers:
            return CeleryWorkers(problem="Celery's broker did not answer within a second")
    except Exception as error:  # each transport has errors of its own, and their text may hold the password
        log.warning("The Celery workers can't be asked", exc_info=True)
        return CeleryWorkers(problem=f"Celery's broker can't be reached ({type(error).__name__})")
    queues = _served(list(answers))
    return CeleryWorkers(queues) if queues else CeleryWorkers(problem=_NOBODY)


def _broadcast(app: Any, answers: list[dict[str, Any]]) -> None:
    """Ask all workers of a Celery app for their queues, and append each reply to answers as it arrives.

    Unlike celery.app.control.Inspect, this uses a connection of its own, which gives up by itself and is closed.
    """
    if not _asking.acquire(blocking=False):  # an earlier call still runs, in a thread that nobody waits for any more
        raise NotInTime
    try:
        with app.connection_for_write(connect_timeout=_SECONDS, transport_options=_GIVE_UP) as connection:
            mailbox = app.control.mailbox(connection)
            mailbox.producer_pool = None
            mailbox.multi_call("active_queues", timeout=_SECONDS_TO_ANSWER, callback=answers.append)
    finally:
        _asking.release()


def _served(answers: list[dict[str, Any]]) -> dict[str, list[str]]:
    workers_by_queue: dict[str, set[str]] = {}
    for answer in answers:
        for worker, queues in answer.items():
            # A worker that can't answer replies {"error": …}
            for queue in queues if isinstance(queues, list) else ():
                workers_by_queue.setdefault(queue["name"], set()).add(worker)
    return {queue: sorted(workers) for queue, workers in sorted(workers_by_queue.items())}
