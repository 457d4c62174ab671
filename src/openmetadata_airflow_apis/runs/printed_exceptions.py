"""Finds exceptions in a log as Python's traceback module prints them: chained, in groups, over several lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.runs.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADER = "Traceback (most recent call last):"
_CHAINED = {
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
}
# A log record begins with its time in Airflow's format and in most others: [2024-01-31T12:00:00.000+0000] …
RECORD = re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
# The margin of an exception group: `  | `, `  + `, `    | ` and so on, a step further for each group inside another.
_MARGIN = re.compile(r" *[|+] ?")
_BETWEEN = re.compile(r" *\+[-+]*-{4,}( \S+ -{4,})?$")
_CODE = re.compile(r" *(?:\| *)* {4}")
_FRAME = re.compile(r' *(?:\| *)*File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_AIRFLOWS_OWN = re.compile(r"-packages/airflow/(?!providers/)")
_INSTALLED = re.compile(r"/lib(64)?/python3|^<frozen ")

_SENTENCE_CHARACTERS = 2000
_CAUSE_CHARACTERS = 500
_CAUSES = 5


@dataclass(frozen=True)
class PrintedException:
    """An exception as a log shows it.

    sentence: its type and message, as printed. causes: the sentences of the exceptions that led to it, the nearest
    first; of an exception group, those inside it. place: the last line of the author's own code that was running, by
    file, line and function, or of a library's; None within Airflow alone. end: the index of the line after it.
    """

    sentence: str
    causes: tuple[str, ...]
    place: str | None
    end: int


def last_exception(lines: Sequence[str]) -> PrintedException | None:
    """Return the exception of the last traceback in a log, None where there is none."""
    for index in range(len(lines) - 1, -1, -1):
        if _is_header(lines[index]):
            return exception_at(lines, _chain_start(lines, index))
    return None


def exception_at(lines: Sequence[str], start: int) -> PrintedException | None:
    """Return the exception whose traceback begins at a line, or within the record that does; None for none.

    The tracebacks of a chain follow each other; the last is the exception itself. A traceback that is part of a
    message, as that of a program which the task ran, tells of a cause.
    """
    end = _end(lines, start)
    chain: list[list[str]] = []
    within_message: list[list[str]] = []
    block: list[str] | None = None
    for index in range(start, end):
        if _is_header(lines[index]):
            block = []
            (chain if not chain or _is_chained(lines, index) else within_message).append(block)
        if block is not None:
            block.append(lines[index])
    told = [sentences for sentences, _ in map(_read, chain) if sentences]
    if not told:
        return None
    frames = [frame for link in reversed(chain) if (frame := _read(link)[1])]
    causes = [
        *told[-1][1:],
        *(sentences[0] for sentences, _ in map(_read, within_message) if sentences),
        *(sentences[0] for sentences in reversed(told[:-1])),
    ]
    return PrintedException(
        sentence=shortened(told[-1][0], _SENTENCE_CHARACTERS),
        causes=tuple(shortened(cause, _CAUSE_CHARACTERS) for cause in causes[:_CAUSES]),
        place=_place(frames[0]) if frames else None,
        end=end,
    )


def without_airflows_frames(lines: Sequence[str]) -> list[str]:
    """Return the lines of a log in which a line each stands for the frames of Airflow's own code in tracebacks."""
    kept: list[str] = []
    hidden = 0
    inside = False
    for line in lines:
        frame = _FRAME.match(line)
        if frame:
            inside = bool(_AIRFLOWS_OWN.search(frame["file"]))
        elif not (inside and _CODE.match(line)):
            inside = False
        if inside:
            hidden += bool(frame)
            continue
        if hidden:
            kept.append(f"  … {hidden} {'frame' if hidden == 1 else 'frames'} of Airflow's own code")
            hidden = 0
        kept.append(line)
    return kept


def _is_header(line: str) -> bool:
    """Tell whether a traceback begins here: not one of those in a group, which stand behind its margin."""
    return line.endswith(_HEADER) and not line.lstrip().startswith("|")


def _is_chained(lines: Sequence[str], index: int) -> bool:
    """Tell whether the traceback that begins here follows another of its chain."""
    return any(line.strip() in _CHAINED for line in lines[max(index - 2, 0) : index])


def _chain_start(lines: Sequence[str], index: int) -> int:
    """Return where the first traceback of the chain begins whose last one begins at index."""
    while _is_chained(lines, index):
        earlier = index - 1
        while earlier >= 0 and not _is_header(lines[earlier]) and not RECORD.match(lines[earlier]):
            earlier -= 1
        if earlier < 0 or not _is_header(lines[earlier]):
            break
        index = earlier
    return index


def _end(lines: Sequence[str], start: int) -> int:
    """Return the index of the next record, or of the text's end."""
    for index in range(start + 1, len(lines)):
        if RECORD.match(lines[index]):
            return index
    return len(lines)


def _read(block: Sequence[str]) -> tuple[list[str], list[re.Match[str]]]:
    """Return the sentences of one traceback, a group's own before those in it, and its frames."""
    sentences: list[list[str]] = []
    frames: list[re.Match[str]] = []
    grouped = block[0].lstrip().startswith("+")
    expected, open_sentence = False, False
    for line in block:
        if line.strip() in _CHAINED:
            break
        content = _MARGIN.sub("", line, count=1) if grouped else line
        frame = _FRAME.match(content)
        if frame and not sentences:  # those of a group's own
            frames.append(frame)
        if content.endswith(_HEADER) or _BETWEEN.match(line):
            expected, open_sentence = True, False
        elif content.strip() in _CHAINED:
            expected, open_sentence = False, False
        elif open_sentence:
            sentences[-1].append(content)
        elif expected and content[:1].strip():  # frames and their code are indented
            sentences.append([content])
            expected, open_sentence = False, True
    return ["\n".join(lines).strip() for lines in sentences], frames


def _place(frames: Sequence[re.Match[str]]) -> str | None:
    others = [frame for frame in frames if not _AIRFLOWS_OWN.search(frame["file"])]
    authors = [frame for frame in others if not _INSTALLED.search(frame["file"])]
    return _told((authors or others)[-1]) if others else None


def _told(frame: re.Match[str]) -> str:
    function = f" in {frame['function']}" if frame["function"] else ""
    return f"{frame['file']}, line {frame['line']}{function}"
