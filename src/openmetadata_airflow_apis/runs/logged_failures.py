"""Reads the end of a task's log, so much of it and no more: why the task failed, which lines a person wants to see.

The sentences that this looks for are those of airflow.models.taskinstance, airflow.jobs.local_task_job_runner,
airflow.task.task_runner, airflow.jobs.scheduler_job_runner and airflow.hooks.subprocess, from 2.7 to 2.11.
"""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from openmetadata_airflow_apis.airflow_versions.try_logs import latest_try
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.runs.log_readers import LogMissing
from openmetadata_airflow_apis.runs.log_sources import is_unanswered, open_log, readable_task_instances
from openmetadata_airflow_apis.runs.printed_exceptions import (
    PrintedException,
    exception_at,
    last_exception,
    without_airflows_frames,
)
from openmetadata_airflow_apis.runs.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.log_readers import LogReader

_RECORD = re.compile(r"^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d{4})\]")
_FAILED = re.compile(r"Task failed with exception\s*$")
_CALLED_EXIT = re.compile(r"Task failed due to SystemExit\((?P<code>.*)\)\s*$")
_RETURNED = re.compile(r"Task exited with return code (?:Negsignal\.(?P<name>SIG\w+)|(?P<code>-?\d+))")
_SET_OUTSIDE = re.compile(r"State of this instance has been externally set to (?P<state>\w+)")
_ZOMBIE = re.compile(r"Detected zombie job")
_NOT_TAKEN = re.compile(r"Executor .*report(s|ed that the) task instance .* finished")
_EXIT_CODE = re.compile(r"(?:exit (?:code|status)|exit_code)[ :=]+(?P<code>\d+)")
_OUTPUT = re.compile(r"\{subprocess\.py:\d+\} INFO - (?P<text>.*)$")
_START_OF_OUTPUT = "Output:"
_END_OF_OUTPUT = re.compile(r"Command exited with return code -?\d+\s*$")

_LINES = 30
_LINE_CHARACTERS = 500
_OUT_OF_MEMORY = "most likely because memory ran out"
# How many bytes are read of all logs together, and of one log at most and at least; how many seconds that may take.
_BYTES, _BYTES_OF_ONE, _LEAST_BYTES = 384 * 1024, 64 * 1024, 16 * 1024
_SECONDS, _SECONDS_OF_ONE = 20, 6


class LogEnd(NamedTuple):
    """The last lines of a log. problem: why there are none. unanswered: where the log is, nothing answers."""

    lines: Sequence[str] = ()
    problem: str | None = None
    unanswered: bool = False


def log_ends(run: Row, rows: Sequence[Row], *, session: Session) -> dict[tuple[str, int], LogEnd]:
    """Return the last lines of task instances' logs, within limits of bytes and seconds. Two statements."""
    readable = readable_task_instances(
        run.dag_id, run.run_id, [(row.task_id, row.map_index) for row in rows], session=session
    )
    size = max(_LEAST_BYTES, min(_BYTES_OF_ONE, _BYTES // max(len(rows), 1)))
    deadline = time.monotonic() + _SECONDS
    silent_hosts: dict[str, LogEnd] = {}
    ends = {}
    for row in rows:
        key = (row.task_id, row.map_index)
        seconds_left = deadline - time.monotonic()
        if key not in readable:
            ends[key] = LogEnd(problem="The task instance is gone.")
        elif row.hostname in silent_hosts:
            ends[key] = silent_hosts[row.hostname]
        elif seconds_left <= 0:
            ends[key] = LogEnd(problem=f"Not read: the logs before it took {_SECONDS} seconds.")
        else:
            ends[key] = _log_end(
                readable[key], latest_try(row.try_number, row.state), size, min(seconds_left, _SECONDS_OF_ONE)
            )
            # A host that was waited for more than a second, and did not answer, is not asked again.
            if ends[key].unanswered and row.hostname and time.monotonic() - deadline + seconds_left > 1:
                silent_hosts[row.hostname] = ends[key]
    return ends


def _log_end(task_instance: Any, try_number: int, size: int, seconds: float) -> LogEnd:
    log: LogReader | None = None
    try:
        log = open_log(task_instance, try_number, seconds=seconds)
        tail = log.tail(size)
    except LogMissing as missing:
        return LogEnd(problem=f"There is no log: {missing}.")
    except Unavailable as unavailable:
        # A log server that stops in the middle of one log may give the next.
        return LogEnd(problem=f"{unavailable}.", unanswered=log is None and is_unanswered(unavailable))
    lines = [line.rstrip("\r") for line in tail.decode("utf-8", "replace").split("\n")]
    return LogEnd(lines[1:] if len(tail) >= size else lines)


@dataclass(frozen=True)
class LoggedFailure:
    """A failure as a log describes it.

    kind: one of the values of `kind` in the specification's TaskFailure. reason: a sentence. exception, causes, place:
    those of PrintedException. end: the index of the line after it. moment: when it was written; None if the lines don't
    have times in Airflow's own format.
    """

    kind: str
    reason: str
    end: int
    exception: str | None = None
    causes: tuple[str, ...] = ()
    place: str | None = None
    exit_code: int | None = None
    moment: datetime | None = None


def logged_failure(lines: Sequence[str]) -> LoggedFailure | None:
    """Return the failure that a log, or the end of one, describes; None if it describes none."""
    failure = _failure(lines)
    return replace(failure, moment=_last_moment(lines[: failure.end])) if failure else None


def _failure(lines: Sequence[str]) -> LoggedFailure | None:
    failed_at = _last(lines, _FAILED)
    printed = exception_at(lines, failed_at) if failed_at is not None else None
    set_outside_at = _last(lines, _SET_OUTSIDE)
    if set_outside_at is not None and (printed is None or "SIGTERM" in printed.sentence):
        return LoggedFailure(
            "state_set",
            "Its state was set from outside while it was running, and its process was ended.",
            set_outside_at + 1,
        )
    if printed is not None:
        return _of_exception(printed, lines)
    exit_called_at = _last(lines, _CALLED_EXIT)
    if exit_called_at is not None:
        code = _CALLED_EXIT.search(lines[exit_called_at])["code"]  # type: ignore[index] # it has matched
        number = int(code) if code.isdecimal() else 0 if code in {"None", ""} else 1
        return LoggedFailure(
            "exit_code", f"It ended itself by SystemExit({code}).", exit_called_at + 1, exit_code=number
        )
    return _of_process(lines) or _of_scheduler(lines)


def shown_lines(lines: Sequence[str], end: int) -> tuple[str, ...]:
    """Return the last lines before end, without the frames of Airflow's own code in tracebacks."""
    shown = without_airflows_frames(lines[:end])
    while shown and not shown[-1].strip():
        shown.pop()
    return tuple(shortened(line, _LINE_CHARACTERS) for line in shown[-_LINES:])


def _of_exception(printed: PrintedException, lines: Sequence[str]) -> LoggedFailure:
    kind, reason, causes, exit_code = "exception", printed.sentence, printed.causes, None
    code = _EXIT_CODE.search(printed.sentence)
    if "AirflowTaskTimeout" in printed.sentence:
        kind, reason = "timeout", "It ran longer than its execution_timeout."
    elif "AirflowSensorTimeout" in printed.sentence or "Trigger/execution timeout" in printed.sentence:
        kind = "timeout"
    elif "Task received SIGTERM" in printed.sentence:
        kind = "terminated"
        reason = "Its process was told to end (SIGTERM), as when its worker is stopped or its pod evicted."
    elif "Segmentation Fault detected" in printed.sentence:
        kind = "killed"
        reason = "Its process crashed in native code (SIGSEGV, a segmentation fault)."
    elif code:
        kind, exit_code = "exit_code", int(code["code"])
        output = _output(lines[: printed.end])
        error_of_command = last_exception(output)
        reason = _of_command(
            exit_code, None if error_of_command else next((line for line in reversed(output) if line.strip()), None)
        )
        causes = (*((error_of_command.sentence, *error_of_command.causes) if error_of_command else ()), *causes)
    return LoggedFailure(
        kind,
        reason,
        printed.end,
        exception=printed.sentence,
        causes=causes,
        place=printed.place,
        exit_code=exit_code,
    )


def _of_command(code: int, last_line: str | None) -> str:
    name = _signal_name(code - 128) if code > 128 else None
    killed = f", killed by {name}" if name else ""
    if name == "SIGKILL":
        killed += f", {_OUT_OF_MEMORY}"
    output = f"; its output ends with: {shortened(last_line.strip(), _LINE_CHARACTERS)}" if last_line else "."
    return f"Its command ended with exit code {code}{killed}{output}"


def _output(lines: Sequence[str]) -> list[str]:
    """Return the lines that a BashOperator's command printed, without the times and places that Airflow adds."""
    records = [_OUTPUT.search(line) for line in lines if not _END_OF_OUTPUT.search(line)]
    texts = [record["text"] for record in records if record]
    return texts[texts.index(_START_OF_OUTPUT) + 1 :] if _START_OF_OUTPUT in texts else texts


def _of_process(lines: Sequence[str]) -> LoggedFailure | None:
    """Return the failure that a process's return code, or an exception before it, tells of; None if neither does."""
    index = _last(lines, _RETURNED)
    if index is None:
        return None
    returned = _RETURNED.search(lines[index])
    code = returned["code"] if returned else None
    name = returned["name"] if returned and code is None else _signal_name(-int(code or 0))
    if name:
        likely_cause = f", {_OUT_OF_MEMORY}" if name == "SIGKILL" else ""
        return LoggedFailure("killed", f"Its process was killed by {name}{likely_cause}.", index + 1)
    printed = last_exception(lines[:index])
    if printed is not None:
        return _of_exception(printed, lines)
    if code in {None, "0"}:
        return None
    return LoggedFailure(
        "exit_code",
        f"Its process ended with exit code {code} and no word of an exception, as by os._exit().",
        index + 1,
        exit_code=int(code or 0),
    )


def _of_scheduler(lines: Sequence[str]) -> LoggedFailure | None:
    """Return the failure that the scheduler wrote into the task's log (Airflow 2.8 to 2.10), or the last exception."""
    zombie_at = _last(lines, _ZOMBIE)
    if zombie_at is not None:
        return LoggedFailure("lost_heartbeat", "Its process was not heard of any more.", zombie_at + 1)
    not_taken_at = _last(lines, _NOT_TAKEN)
    if not_taken_at is not None:
        return LoggedFailure("not_started", shortened(lines[not_taken_at].strip(), _LINE_CHARACTERS), not_taken_at + 1)
    printed = last_exception(lines)
    return _of_exception(printed, lines) if printed else None


def _last(lines: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    return next((index for index in range(len(lines) - 1, -1, -1) if pattern.search(lines[index])), None)


def _last_moment(lines: Sequence[str]) -> datetime | None:
    index = _last(lines, _RECORD)
    record = _RECORD.match(lines[index]) if index is not None else None
    return datetime.strptime(record[1], "%Y-%m-%dT%H:%M:%S.%f%z") if record else None


def _signal_name(number: int) -> str | None:
    try:
        return signal.Signals(number).name if number > 0 else None
    except ValueError:
        return None
