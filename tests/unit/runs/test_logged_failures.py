"""What the end of a task's log says of its failure, in the sentences that Airflow 2.7 to 2.11 write into real logs."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from openmetadata_airflow_apis.runs.logged_failures import LoggedFailure, logged_failure, shown_lines

START = "[2026-11-28T05:50:05.020+0000] {taskinstance.py:2885} INFO - Starting attempt 1 of 1"
FAILED = "[2026-11-28T05:50:11.358+0000] {taskinstance.py:3337} ERROR - Task failed with exception"
AFTER = [
    "[2026-11-28T05:50:11.461+0000] {taskinstance.py:1242} INFO - Marking task as FAILED. dag_id=fails, task_id=x",
    "[2026-11-28T05:50:11.656+0000] {taskinstance.py:349} INFO - ::group::Post task execution logs",
    "[2026-11-28T05:50:11.728+0000] {local_task_job_runner.py:266} INFO - Task exited with return code 1",
]


def traceback_of(sentence: str) -> list[str]:
    """A traceback of one frame."""
    return [
        "Traceback (most recent call last):",
        '  File "/opt/airflow/dags/x.py", line 3, in work',
        "    work()",
        *sentence.split("\n"),
    ]


def failed_with(sentence: str, *before: str) -> list[str]:
    """The log of a task that failed with an exception, as Airflow writes it: twice, the second time for its runner."""
    again = "[2026-11-28T05:50:11.657+0000] {standard_task_runner.py:124} ERROR - Failed to execute job 5 for task x"
    traceback = traceback_of(sentence)
    return [START, *before, FAILED, *traceback, *AFTER[:2], again, *traceback, AFTER[2]]


def of(failure: LoggedFailure | None) -> tuple[str, str, int | None, tuple[str, ...]]:
    """Kind, reason, exit code and causes of a failure."""
    return failure.kind, failure.reason, failure.exit_code, failure.causes


BASH = "airflow.exceptions.AirflowException: Bash command failed. The command returned a non-zero exit code {}."
OUTPUT = [
    "[2026-11-28T05:50:10.990+0000] {subprocess.py:88} INFO - Running command: ['/usr/bin/bash', '-c', 'x']",
    "[2026-11-28T05:50:11.103+0000] {subprocess.py:99} INFO - Output:",
    "[2026-11-28T05:50:11.104+0000] {subprocess.py:106} INFO - hello",
    "[2026-11-28T05:50:11.104+0000] {subprocess.py:106} INFO - bad",
    "[2026-11-28T05:50:11.143+0000] {subprocess.py:110} INFO - Command exited with return code 3",
]
RECORD = "[2026-11-28T05:50:11.104+0000] {subprocess.py:106} INFO - "


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            failed_with("ValueError: no rows\nfor 2024-01-01"),
            ("exception", "ValueError: no rows\nfor 2024-01-01", None, ()),
        ),
        (
            failed_with(BASH.format(3), *OUTPUT),
            ("exit_code", "Its command ended with exit code 3; its output ends with: bad", 3, ()),
        ),
        (
            failed_with(BASH.format(1), *OUTPUT[:2], *(RECORD + line for line in traceback_of("KeyError: 'table'"))),
            ("exit_code", "Its command ended with exit code 1.", 1, ("KeyError: 'table'",)),
        ),
        (
            failed_with(BASH.format(4), *OUTPUT[:2], OUTPUT[-1]),
            ("exit_code", "Its command ended with exit code 4.", 4, ()),
        ),
        (
            failed_with(BASH.format(137)),
            (
                "exit_code",
                "Its command ended with exit code 137, killed by SIGKILL, most likely because memory ran out.",
                137,
                (),
            ),
        ),
        (
            failed_with(BASH.format(143)),
            ("exit_code", "Its command ended with exit code 143, killed by SIGTERM.", 143, ()),
        ),
        (
            failed_with("subprocess.CalledProcessError: Command '['dbt']' returned non-zero exit status 2."),
            ("exit_code", "Its command ended with exit code 2.", 2, ()),
        ),
        (
            failed_with("airflow.exceptions.AirflowException: SSH operator error: exit status = 4"),
            ("exit_code", "Its command ended with exit code 4.", 4, ()),
        ),
        (
            failed_with("airflow.exceptions.AirflowTaskTimeout: Timeout, PID: 23382"),
            ("timeout", "It ran longer than its execution_timeout.", None, ()),
        ),
        (
            failed_with("airflow.exceptions.AirflowSensorTimeout: Sensor has timed out; run duration of 12 seconds."),
            (
                "timeout",
                "airflow.exceptions.AirflowSensorTimeout: Sensor has timed out; run duration of 12 seconds.",
                None,
                (),
            ),
        ),
        (
            failed_with("airflow.exceptions.TaskDeferralError: Trigger/execution timeout"),
            ("timeout", "airflow.exceptions.TaskDeferralError: Trigger/execution timeout", None, ()),
        ),
        (
            failed_with("airflow.exceptions.AirflowTaskTerminated: Task received SIGTERM signal"),
            (
                "terminated",
                "Its process was told to end (SIGTERM), as when its worker is stopped or its pod evicted.",
                None,
                (),
            ),
        ),
        (
            failed_with("airflow.exceptions.AirflowException: Segmentation Fault detected."),
            ("killed", "Its process crashed in native code (SIGSEGV, a segmentation fault).", None, ()),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_an_exception_in_the_log(lines, expected):
    """The exception that failed the task, the first time it is written, says of what kind the failure is."""
    failure = logged_failure(lines)
    assert of(failure) == expected
    assert lines[failure.end] == AFTER[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "{local_task_job_runner.py:266} INFO - Task exited with return code -9. For more information, see https://x",
            ("killed", "Its process was killed by SIGKILL, most likely because memory ran out."),
        ),
        (
            "{local_task_job_runner.py:228} INFO - Task exited with return code Negsignal.SIGKILL",
            ("killed", "Its process was killed by SIGKILL, most likely because memory ran out."),
        ),
        (
            "{local_task_job_runner.py:228} INFO - Task exited with return code Negsignal.SIGABRT",
            ("killed", "Its process was killed by SIGABRT."),
        ),
        (
            "{local_task_job_runner.py:266} INFO - Task exited with return code 5",
            ("exit_code", "Its process ended with exit code 5 and no word of an exception, as by os._exit()."),
        ),
        (
            "{taskinstance.py:3339} ERROR - Task failed due to SystemExit(7)",
            ("exit_code", "It ended itself by SystemExit(7)."),
        ),
        (
            (
                "{local_task_job_runner.py:346} WARNING - State of this instance has been externally set to failed. "
                "Terminating instance."
            ),
            ("state_set", "Its state was set from outside while it was running, and its process was ended."),
        ),
        (
            "{scheduler_job_runner.py:1737} ERROR - Detected zombie job: {'full_filepath': '/dags/x.py'}",
            ("lost_heartbeat", "Its process was not heard of any more."),
        ),
        (
            (
                "{scheduler_job_runner.py:771} ERROR - Executor CeleryExecutor(parallelism=32) reported that the task "
                "instance <TaskInstance: x.work r1 [queued]> finished with state failed, but the task instance's state "
                "attribute is queued."
            ),
            (
                "not_started",
                (
                    "[2026-11-28T05:50:11.728+0000] {scheduler_job_runner.py:771} ERROR - Executor "
                    "CeleryExecutor(parallelism=32) reported that the task instance <TaskInstance: x.work r1 [queued]> "
                    "finished with state failed, but the task instance's state attribute is queued."
                ),
            ),
        ),
    ],
)
def test_a_line_in_the_log(line, expected):
    """Without an exception, a line of Airflow's own says how the task's process ended."""
    lines = [START, f"[2026-11-28T05:50:11.728+0000] {line}", "[2026-11-28T05:50:11.800+0000] {x.py:1} INFO - after"]
    failure = logged_failure(lines)
    assert (failure.kind, failure.reason, failure.end) == (*expected, 2)


@pytest.mark.parametrize("lines", [[], [""], [START], [START, AFTER[0]]])
def test_a_log_that_says_nothing(lines):
    """A log without a word of a failure says nothing of one."""
    assert logged_failure(lines) is None


def test_what_a_callback_raises_is_not_the_failure():
    """An exception that was handled before, and one that a callback raises afterwards, are not what failed the task."""
    handled = ["[2026-11-28T05:50:10.732+0000] {x.py:43} ERROR - handled", *traceback_of("ZeroDivisionError: before")]
    callback = [
        "[2026-11-28T05:50:10.972+0000] {taskinstance.py:1584} ERROR - Error in callback at index 0: notify",
        *traceback_of("OSError: after"),
    ]
    lines = [START, *handled, FAILED, *traceback_of("ValueError: itself"), AFTER[0], *callback, *AFTER[1:]]
    assert logged_failure(lines).exception == "ValueError: itself"


def test_a_state_set_from_outside_is_told_as_such():
    """The exception that SIGTERM becomes in a task whose state was set from outside does not hide that it was."""
    outside = (
        "[2026-11-28T05:50:10.000+0000] {local_task_job_runner.py:346} WARNING - State of this instance has been "
        "externally set to failed. Terminating instance."
    )
    lines = failed_with("airflow.exceptions.AirflowException: Task received SIGTERM signal", outside)
    assert logged_failure(lines).kind == "state_set"


def test_the_lines_that_are_shown():
    """Shown are the last 30 lines up to the failure, each of 500 characters at most, without empty ones at the end."""
    lines = [f"line {number}" for number in range(40)] + ["x" * 600, "", ""]
    shown = shown_lines(lines, len(lines))
    assert shown[:2] == ("line 11", "line 12")
    assert (len(shown), len(shown[-1]), shown[-1][-1]) == (30, 500, "…")
    assert shown_lines(lines, 3) == ("line 0", "line 1", "line 2")


def test_when_a_failure_was_written() -> None:
    """The moment is that of the record with the failure, or not known where records don't begin with their time."""
    log = failed_with("ValueError: no rows")
    assert logged_failure(log).moment == datetime(2026, 11, 28, 5, 50, 11, 358000, tzinfo=timezone.utc)
    untimed = [line.partition("] ")[2] if line.startswith("[") else line for line in log]
    assert (logged_failure(untimed).kind, logged_failure(untimed).moment) == ("exception", None)
