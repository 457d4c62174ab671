"""Exceptions in a log: what Python's own traceback module prints, read again."""

from __future__ import annotations

import random
import sys
import traceback

import pytest

from openmetadata_airflow_apis.runs.printed_exceptions import (
    exception_at,
    last_exception,
    without_airflows_frames,
)

RECORD = "[2026-01-02T00:00:01.000+0000] {taskinstance.py:3337} ERROR - Task failed with exception"
AFTER = "[2026-01-02T00:00:02.000+0000] {taskinstance.py:1242} INFO - Marking task as FAILED. dag_id=nightly"
HERE = __file__


def printed(error: BaseException) -> list[str]:
    """The lines of a log with an exception in it, as the logging module writes one."""
    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip("\n").split("\n")
    return [RECORD, *lines, AFTER]


def raised(make) -> BaseException:
    """What a function raises."""
    try:
        make()
    except BaseException as error:  # noqa: BLE001 - that is what it is for
        return error
    raise AssertionError


class OfAClass:
    """Has an exception in it."""

    class Inner(Exception):
        """An exception whose name has several parts."""


def _from():
    try:
        {}["table"]
    except KeyError as error:
        raise RuntimeError("could not load") from error


def _while_handling():
    try:
        _from()
    except RuntimeError:
        int("x")


def _syntax():
    compile("def f(:\n  pass", "flow.py", "exec")


def _local_class():
    class Local(Exception):
        pass

    raise Local("of a function")


@pytest.mark.parametrize(
    ("make", "sentence", "causes"),
    [
        (lambda: {}["table"], "KeyError: 'table'", ()),
        (lambda: (_ for _ in ()).throw(KeyError), "KeyError", ()),
        (lambda: int("x"), "ValueError: invalid literal for int() with base 10: 'x'", ()),
        (_from, "RuntimeError: could not load", ("KeyError: 'table'",)),
        (
            _while_handling,
            "ValueError: invalid literal for int() with base 10: 'x'",
            ("RuntimeError: could not load", "KeyError: 'table'"),
        ),
        (_syntax, "SyntaxError: invalid syntax", ()),
    ],
)
def test_the_exceptions_own_sentence(make, sentence, causes):
    """The sentence is that of the exception itself; those before it in its chain are its causes, the nearest first."""
    found = exception_at(printed(raised(make)), 0)
    assert (found.sentence, found.causes) == (sentence, causes)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("line one\nline two\n\nline four"),
        ValueError('File "x.py", line 3'),
        ValueError("  indented"),
        ValueError("ends with a colon:"),
        OfAClass.Inner("größer"),
        raised(_local_class),
        SystemExit(3),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_any_message_is_kept(error):
    """A message is kept whole, of several lines, with empty ones, and whatever it looks like."""
    lines = printed(raised(lambda: (_ for _ in ()).throw(error)))
    found = exception_at(lines, 0)
    assert found.sentence == "".join(traceback.format_exception_only(type(error), error)).strip()
    assert lines[found.end] == AFTER


def test_the_place_is_the_authors_own():
    """The place is the last line of the author's own code, whatever library raised the exception."""
    import json

    found = exception_at(printed(raised(lambda: json.loads("{"))), 0)
    assert found.place.startswith(f"{HERE}, line ")
    assert found.place.endswith(" in <lambda>")


def test_a_syntax_errors_place_is_where_it_is():
    """The place of a syntax error is the line that is wrong."""
    assert exception_at(printed(raised(_syntax)), 0).place == "flow.py, line 1"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no exception groups")
def test_an_exception_group():
    """A group's own sentence comes with those of the exceptions in it, of groups within it too."""

    def make():
        inner = ExceptionGroup("inner", [raised(_from), TypeError("two\nlines")])  # noqa: F821 - Python 3.11 has it
        raise ExceptionGroup("several", [ValueError("one"), inner])  # noqa: F821 - as above

    found = exception_at(printed(raised(make)), 0)
    assert found.sentence == "ExceptionGroup: several (2 sub-exceptions)"
    assert found.causes == (
        "ValueError: one",
        "ExceptionGroup: inner (2 sub-exceptions)",
        "KeyError: 'table'",
        "RuntimeError: could not load",
        "TypeError: two\nlines",
    )
    assert found.place.endswith(" in make")


def test_the_last_of_several_exceptions():
    """Of several tracebacks in a log the last counts, with the whole of its chain."""
    lines = printed(raised(lambda: int("x"))) + printed(raised(_while_handling))
    assert last_exception(lines).causes == ("RuntimeError: could not load", "KeyError: 'table'")
    assert last_exception([AFTER]) is None
    assert last_exception([]) is None


def test_a_traceback_within_a_message():
    """The traceback of a program that the task ran, which is part of a message, tells of a cause."""
    output = "\n".join(printed(raised(lambda: int("x")))[1:-1])
    error = raised(lambda: (_ for _ in ()).throw(RuntimeError(f"the program ended with exit status 1\n{output}")))
    found = exception_at(printed(error), 0)
    assert found.sentence == "RuntimeError: the program ended with exit status 1"
    assert found.causes == ("ValueError: invalid literal for int() with base 10: 'x'",)


def test_a_long_message_is_cut():
    """A message of more characters than a person reads is cut."""
    found = exception_at(printed(raised(lambda: (_ for _ in ()).throw(ValueError("x" * 10_000)))), 0)
    assert (len(found.sentence), found.sentence[-1]) == (2000, "…")


def test_a_log_that_begins_in_a_traceback():
    """The end of a log that begins in the middle of a traceback has no exception, or the whole one after it."""
    lines = printed(raised(_from))
    for start in range(len(lines)):
        found = last_exception(lines[start:])
        assert found is None or found.sentence == "RuntimeError: could not load"


def test_random_chains():
    """Chains of any length, by `from` and by handling, are read in their order."""
    chance = random.Random(7)  # noqa: S311 - not a secret
    for _ in range(50):
        sentences: list[str] = []
        error: BaseException | None = None
        for number in range(chance.randint(1, 6)):
            following = chance.choice([ValueError, KeyError, OSError])(f"number {number}")
            by_from = error is not None and chance.random() < 0.5
            # Only what was raised has a traceback
            raised(lambda following=following: (_ for _ in ()).throw(following))
            following.__context__ = error
            following.__cause__ = error if by_from else None
            following.__suppress_context__ = by_from
            error = following
            sentences.append("".join(traceback.format_exception_only(type(error), error)).strip())
        found = exception_at(printed(error), 0)
        assert (found.sentence, *found.causes) == tuple(reversed(sentences))[:6]


def test_frames_of_airflow_are_counted_and_not_shown():
    """In what is shown a line stands for the frames of Airflow's own code, which say nothing of the task."""
    lines = [
        "Traceback (most recent call last):",
        '  File "/venv/lib/python3.11/site-packages/airflow/models/taskinstance.py", line 776, in _execute_task',
        "    result = _execute_callable(context=context)",
        "             ^^^^^^^^^^^^^^^^^",
        '  File "/venv/lib/python3.11/site-packages/airflow/operators/python.py", line 238, in execute',
        "    return_value = self.execute_callable()",
        '  File "/opt/airflow/dags/fails.py", line 3, in work',
        "    raise ValueError",
        '  File "/venv/lib/python3.11/site-packages/airflow/providers/http/hooks/http.py", line 7, in run',
        "    raise ValueError",
        "ValueError",
    ]
    assert without_airflows_frames(lines) == [lines[0], "  … 2 frames of Airflow's own code", *lines[6:]]
