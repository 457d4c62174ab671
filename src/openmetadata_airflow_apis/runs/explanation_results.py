"""What explain_dag_run answers: why a run failed, or what it waits for, and the calls that would help."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class TaskFailure:
    """A task instance that failed by itself, or whose last try did, and why.

    kind, reason, exception, causes, place, exit_code: see LoggedFailure; kind may also be "not_started" and "unknown".
    after_failure_of: failed tasks that this one depends on, directly or not.
    log_lines: the last lines of its log, up to the failure; None if they can't be read, and log_problem says why.
    """

    task_id: str
    map_index: int
    state: str
    try_number: int
    max_tries: int
    operator: str | None
    hostname: str | None
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    kind: str
    reason: str
    exception: str | None
    causes: tuple[str, ...]
    place: str | None
    exit_code: int | None
    after_failure_of: tuple[str, ...]
    log_lines: tuple[str, ...] | None
    log_problem: str | None


@dataclass(frozen=True)
class WaitingReason:
    """Why a run or a task instance waits, as a sentence.

    name: of Airflow's dependency check, or one of our own. until: when the wait ends by itself, if that is known.
    """

    name: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class WaitingTask:
    """Task instances of one task in one state that wait for the same reasons.

    map_index: the first of them. count: how many there are. since: when the first of them entered the state, if that
    is known.
    """

    task_id: str
    map_index: int
    count: int
    state: str | None
    since: datetime | None
    reasons: tuple[WaitingReason, ...]


@dataclass(frozen=True)
class HelpfulCall:
    """A call that may help: an operation of this API, or of Airflow's own.

    arguments: for its path and query. body: the request's, None for none. reason: what the call would do.
    """

    operation_id: str
    arguments: dict[str, Any]
    reason: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class DagRunExplanation:
    """Why a run failed, or what it waits for.

    summary: all of it in a few sentences. as_of: when the database was read.
    task_instance_counts: how many task instances are in which state; "no_status" counts those without one.
    run_reasons: what keeps the run as a whole from going on, or what failed it apart from its tasks.
    failures, waiting: at most MOST of each. total_failures, total_waiting: the numbers of all such task instances.
    import_error: why the DAG's file can't be parsed. logs_withheld: why no log was read.
    """

    dag_id: str
    run_id: str
    state: str | None
    as_of: datetime
    summary: str
    task_instance_counts: dict[str, int]
    run_reasons: tuple[WaitingReason, ...] = ()
    failures: tuple[TaskFailure, ...] = ()
    total_failures: int = 0
    waiting: tuple[WaitingTask, ...] = ()
    total_waiting: int = 0
    import_error: str | None = None
    logs_withheld: str | None = None
    calls: tuple[HelpfulCall, ...] = field(default_factory=tuple)
