"""The failures of a run: which came first, and what the log, the audit log and the rows say of each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.airflow_versions.try_logs import latest_try
from openmetadata_airflow_apis.runs.audit_log_evidence import LOST_HEARTBEAT, STATE_MISMATCH, STUCK_IN_QUEUED
from openmetadata_airflow_apis.runs.explanation_results import TaskFailure
from openmetadata_airflow_apis.runs.logged_failures import LogEnd, LoggedFailure, logged_failure, shown_lines
from openmetadata_airflow_apis.runs.task_dependencies import downstream_ids, index_by_index, upstream_ids
from openmetadata_airflow_apis.runs.wording import counted, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row

    from openmetadata_airflow_apis.runs.audit_log_evidence import RunEvents

FAILED = frozenset({"failed", "up_for_retry"})

# How far apart the clocks of two hosts may be.
_CLOCKS = timedelta(seconds=2)

_NEVER_BEGAN = (
    "It never began: its worker could not start it, as when the DAG can't be imported there "
    '("Dag … could not be found"); the worker\'s own log says more.'
)


def first_ones(rows: Sequence[Row], dag: DAG | None, most: int) -> list[Row]:
    """Return the rows of failed task instances, at most `most` of them, the likeliest cause first.

    First come those that depend on no failed task. Among these, those that had a process come before the others,
    which were mostly just set to failed together; and those that ended earlier before those that ended later.
    """
    failed = [row for row in rows if row.state in FAILED]
    downstream_of_failed = downstream_ids(dag, {row.task_id for row in failed}) if dag is not None else set()
    failed.sort(
        key=lambda row: (
            row.task_id in downstream_of_failed,
            not row.hostname,
            row.end_date.timestamp() if row.end_date else float("inf"),
            row.task_id,
            row.map_index,
        )
    )
    return failed[:most]


def task_failure(
    row: Row,
    *,
    dag: DAG | None,
    rows: Sequence[Row],
    events: RunEvents,
    log_end: LogEnd,
    earlier_kinds: Mapping[tuple[str, int], str],
) -> TaskFailure:
    """Return what is known of a failure.

    rows: all task instances of the run. earlier_kinds: of the failures that were explained before this one.
    """
    try_number = latest_try(row.try_number, row.state)
    logged = logged_failure(log_end.lines)
    unbuilt = events.unbuilt(row)
    if unbuilt and (logged is None or logged.kind == "not_started"):
        kind, reason = "not_started", f"It never began: {unbuilt}"
    else:
        kind, reason = _cause(row, try_number, dag, events, logged, earlier_kinds)
    if kind == "unknown" and log_end.problem:
        reason = f"Airflow's database does not say why it failed, and its log can't be read. {log_end.problem}"
    shown = shown_lines(log_end.lines, logged.end if logged else len(log_end.lines))
    return TaskFailure(
        task_id=row.task_id,
        map_index=row.map_index,
        state=row.state,
        try_number=try_number,
        max_tries=row.max_tries,
        operator=row.operator,
        hostname=row.hostname or None,
        start_date=row.start_date,
        end_date=row.end_date,
        duration=row.duration,
        kind=kind,
        reason=reason,
        exception=logged.exception if logged else None,
        causes=logged.causes if logged else (),
        place=logged.place if logged else None,
        exit_code=logged.exit_code if logged else None,
        after_failure_of=_failed_upstream(row, dag, rows),
        log_lines=None if log_end.problem else shown,
        log_problem=log_end.problem,
    )


def _cause(
    row: Row,
    try_number: int,
    dag: DAG | None,
    events: RunEvents,
    logged: LoggedFailure | None,
    earlier_kinds: Mapping[tuple[str, int], str],
) -> tuple[str, str]:
    """Return kind and reason: what the log says, otherwise what the database says.

    An error that a process logs after its state was set, or after it was given up as lost, is not the reason: a
    worker that was cut off meanwhile ends its tasks with errors of its own.
    """

    def noted_by_scheduler(event: str) -> Any:
        return events.of_scheduler(row, try_number, event)

    lost = noted_by_scheduler(LOST_HEARTBEAT)
    by_hand = events.by_hand(row.end_date, row.task_id, row.map_index)
    if (
        logged is not None
        and logged.kind not in {"state_set", "terminated", "lost_heartbeat"}
        and not ((lost or by_hand) and _came_later(logged, row))
    ):
        return logged.kind, _with_timeout(logged, row, dag)
    if lost:
        return "lost_heartbeat", _silence(row)
    if by_hand is not None and (logged is None or logged.kind != "lost_heartbeat"):
        return "state_set", f"{by_hand.sentence} at {moment(by_hand.moment)}."
    if logged is not None and logged.kind != "lost_heartbeat":
        if earlier_kinds and getattr(dag, "fail_stop", False):
            return "state_set", f"It was stopped because {_named(earlier_kinds)} had failed and the DAG has fail_stop."
        return logged.kind, logged.reason
    if noted_by_scheduler(STATE_MISMATCH) or noted_by_scheduler(STUCK_IN_QUEUED):
        stuck = noted_by_scheduler(STUCK_IN_QUEUED)
        return "not_started", f"It never began: {stuck.text}" if stuck else _NEVER_BEGAN
    if logged is not None or _fell_silent(row):
        return "lost_heartbeat", _silence(row)
    if not row.hostname:
        return "not_started", _NEVER_BEGAN
    return "unknown", "Neither Airflow's database nor what can be read of its log says why it failed."


def _came_later(logged: LoggedFailure, row: Row) -> bool:
    return logged.moment is not None and row.end_date is not None and logged.moment > row.end_date + _CLOCKS


def _with_timeout(logged: LoggedFailure, row: Row, dag: DAG | None) -> str:
    if (
        logged.kind == "timeout"
        and "AirflowTaskTimeout" in (logged.exception or "")
        and dag
        and dag.has_task(row.task_id)
    ):
        timeout = getattr(dag.get_task(row.task_id), "execution_timeout", None)
        if timeout:
            return f"It ran longer than its execution_timeout of {counted(timeout.total_seconds(), 'second')}."
    return logged.reason


def _fell_silent(row: Row) -> bool:
    """Tell whether the failed task's job still counts as running: Airflow < 2.10 leaves no other sign of a lost one."""
    return row.process_state in {"running", "restarting"} and row.pid is not None


def _silence(row: Row) -> str:
    since_when = f" after {moment(row.process_heartbeat)}" if row.process_heartbeat else ""
    host = f" on the host {row.hostname}" if row.hostname else ""
    return (
        f"Its process{host} was not heard of any more{since_when}, and Airflow failed it: it, or its worker, "
        "was killed or lost its connection to the database."
    )


def _named(earlier_kinds: Mapping[tuple[str, int], str]) -> str:
    return next(f"`{task_id}`" for task_id, _ in earlier_kinds)


def _failed_upstream(row: Row, dag: DAG | None, rows: Sequence[Row]) -> tuple[str, ...]:
    if dag is None or not dag.has_task(row.task_id):
        return ()
    upstream = upstream_ids(dag, [row.task_id])
    task = dag.get_task(row.task_id)
    return tuple(
        sorted(
            {
                failed_row.task_id
                for failed_row in rows
                if failed_row.state == "failed"
                and failed_row.task_id in upstream
                and (
                    failed_row.map_index == row.map_index
                    or failed_row.map_index < 0
                    or not index_by_index(dag.get_task(failed_row.task_id), task)
                )
            }
        )
    )
