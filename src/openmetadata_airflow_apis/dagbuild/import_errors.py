"""The words of an import error: one sentence that says what is wrong and where, then the author's own lines.

Imported only when something went wrong. Airflow keeps the text that Python prints of an exception, the innermost
cause first: so the sentence and the author's lines are a cause of what load_dag raises, and our own lines come last.
"""

from __future__ import annotations

import linecache
import re
import traceback
from typing import TYPE_CHECKING, Any

from airflow.exceptions import AirflowTaskTimeout

from openmetadata_airflow_apis.dagbuild.callable_files import managed_name
from openmetadata_airflow_apis.errors import DagNotBuilt, ManagedDagsError

if TYPE_CHECKING:
    from types import FrameType

    from openmetadata_airflow_apis.definition.canonical import Definition

# If no author's file is at fault, frames of these packages say no more than the sentence does.
_NOT_THE_AUTHORS = ("openmetadata_airflow_apis.", "airflow.", "importlib.", "inspect", "functools")
_MOST_FRAMES = 5
_TRACEBACK = "Traceback (most recent call last):\n"
_CAUSE_OF = "\n\nThe above exception was the direct cause of the following exception:\n\n"
_DEPLOYMENT = re.compile(r" \[deployment (\S+ \S+)\]\s*$")
_OUR_CLASS = re.compile(r"openmetadata_airflow_apis\.errors\.\w+: ")


def place_in_words(place: tuple[str | int, ...], definition: Definition) -> str:
    """Return a place of the definition in its author's words: "task `load`, `pool`" for tasks/3/arguments/pool."""
    root, *steps = place
    if root == "dag":
        return f"`{steps[-1]}` of the DAG" if steps else ""
    kind, key = ("task", "task_id") if root == "tasks" else ("task group", "group_id")
    index, *below = steps
    name: Any = definition[root][index][key]  # type: ignore[literal-required] # tasks or task_groups
    argument = f", `{below[1]}`" if len(below) > 1 else ""
    return f"{kind} `{name}`{argument}"


def is_authors(error: BaseException) -> bool:
    """Tell whether an exception that is no Exception comes from what a definition names: sys.exit, an import's timeout.

    Others must not be caught: Ctrl-C, and those that Airflow raises when a signal comes.
    """
    if isinstance(error, AirflowTaskTimeout):
        return True
    if isinstance(error, KeyboardInterrupt):
        return False
    *_, (frame, _line) = traceback.walk_tb(error.__traceback__)
    return not _module(frame).startswith("airflow.")


def with_summary(error: ManagedDagsError, mark: str) -> ManagedDagsError:
    """Return the error as load_dag raises it: its sentence made whole, and a summary as its cause.

    mark: that of the deployment with the error, "" if it can't be read; the error's text ends with it.
    """
    lines: list[str] = []
    if isinstance(error, DagNotBuilt) and error.__cause__ is not None:
        frames = _authors_frames(error.__cause__)
        error.reword(error.where, _reason(error.__cause__, frames))
        lines += traceback.StackSummary.from_list(frames[-_MOST_FRAMES:]).format()
        if isinstance(error.__cause__, SyntaxError):
            lines += traceback.format_exception_only(type(error.__cause__), error.__cause__)[:-1]
    # It was never raised, so that Python prints its text alone, without a traceback.
    summary = Exception.__new__(type(error), "\n".join([str(error), *lines]).rstrip().replace("\n\n", "\n"))
    error.__cause__ = summary
    if mark:
        error.args = (f"{error} [deployment {mark}]",)
    return error.with_traceback(None)


def deployment_in(stacktrace: str) -> str | None:
    """Return the mark of the deployment that an import error is of, None if the error does not say."""
    match = _DEPLOYMENT.search(stacktrace)
    return match[1] if match else None


def readable(stacktrace: str) -> str:
    """Return an import error, as Airflow keeps it, with its sentence first and without our own lines.

    A traceback that is not ours gets its last line first. Any other text stays as it is.
    """
    if ours := _OUR_CLASS.match(stacktrace):
        return stacktrace[ours.end() :].partition(_CAUSE_OF)[0].strip()
    if not stacktrace.startswith(_TRACEBACK):
        return stacktrace
    lines = stacktrace.strip().splitlines()
    last = 1 + max(index for index, line in enumerate(lines) if index == 0 or line.startswith(" "))
    return "\n".join([*lines[last:], *lines[:last]])


def _authors_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames in the authors' files; if there are none, those in other people's packages."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _file(frame)[:1] != "<"]
    in_files = [(frame, line) for frame, line in frames if managed_name(_file(frame))]
    chosen_frames = in_files or [pair for pair in frames if not f"{_module(pair[0])}.".startswith(_NOT_THE_AUTHORS)]
    for frame, _line in chosen_frames:
        linecache.checkcache(_file(frame))
    return [traceback.FrameSummary(_file(frame), line, frame.f_code.co_name) for frame, line in chosen_frames]


def _reason(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    words = _words(error)
    if isinstance(error, SyntaxError) and (name := managed_name(error.filename or "")):
        return f"{name}, line {error.lineno}: SyntaxError: {error.msg}"
    if not frames:
        return words
    return f"{managed_name(frames[-1].filename) or frames[-1].filename}, line {frames[-1].lineno}: {words}"


def _words(error: BaseException) -> str:
    if isinstance(error, AirflowTaskTimeout):
        return "it takes longer than [core] dagbag_import_timeout"
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({'' if error.code is None else repr(error.code)})"
    text = " ".join(str(error).split())
    if isinstance(error, ImportError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
