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
    first; of an exception group, those inside it. place: file, line and function of the innermost frame
    in the author's own code, otherwise in a library; None if all are Airflow's. end: the index of the line after it.
    """

    sentence: str
    causes: tuple[str, ...]
    place: str | None
    end: int


def last_exception(lines: Sequence[str]) -> PrintedException | None:
    """Return the exception of the last traceback in a log; None if there is none."""
    for index in range(len(lines) - 1, -1, -1):
        if _is_header(lines[index]):
            return exception_at(lines, _chain_start(lines, index))
    return None


def exception_at(lines: Sequence[str], start: int) -> PrintedException | None:
    """Return the exception whose traceback begins at line `start`, or in the record that begins there; None for none.

    The tracebacks of a chain follow each other, and the last is the exception itself. A traceback inside a message,
    such as that of a program which the task ran, is one of the causes.
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
    sentences_of_links = [sentences for sentences, _ in map(_read, chain) if sentences]
    if not sentences_of_links:
        return None
    frames = [frame for link in reversed(chain) if (frame := _read(link)[1])]
    causes = [
        *sentences_of_links[-1][1:],
        *(sentences[0] for sentences, _ in map(_read, within_message) if sentences),
        *(sentences[0] for sentences in reversed(sentences_of_links[:-1])),
    ]
    return PrintedException(
        sentence=shortened(sentences_of_links[-1][0], _SENTENCE_CHARACTERS),
        causes=tuple(shortened(cause, _CAUSE_CHARACTERS) for cause in causes[:_CAUSES]),
        place=_place(frames[0]) if frames else None,
        end=end,
    )


def without_airflows_frames(lines: Sequence[str]) -> list[str]:
    """Return the lines of a log, with one line in place of successive frames of Airflow's own code."""
    shown_lines: list[str] = []
    hidden_frames = 0
    in_airflows_frame = False
    for line in lines:
        frame = _FRAME.match(line)
        if frame:
            in_airflows_frame = bool(_AIRFLOWS_OWN.search(frame["file"]))
        elif not (in_airflows_frame and _CODE.match(line)):
            in_airflows_frame = False
        if in_airflows_frame:
            hidden_frames += bool(frame)
            continue
        if hidden_frames:
            shown_lines.append(
                f"  … {hidden_frames} {'frame' if hidden_frames == 1 else 'frames'} of Airflow's own code"
            )
            hidden_frames = 0
        shown_lines.append(line)
    return shown_lines


def _is_header(line: str) -> bool:
    """Tell whether a traceback begins at this line; those inside an exception group, behind its margin, don't count."""
    return line.endswith(_HEADER) and not line.lstrip().startswith("|")


def _is_chained(lines: Sequence[str], index: int) -> bool:
    """Tell whether the traceback that begins at index continues a chain."""
    return any(line.strip() in _CHAINED for line in lines[max(index - 2, 0) : index])


def _chain_start(lines: Sequence[str], index: int) -> int:
    """Return the index of the first traceback in the chain whose last one begins at index."""
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
    """Return the sentences of one traceback, a group's own before those inside it, and its frames."""
    sentences: list[list[str]] = []
    frames: list[re.Match[str]] = []
    grouped = block[0].lstrip().startswith("+")
    sentence_expected, in_sentence = False, False
    for line in block:
        if line.strip() in _CHAINED:
            break
        content = _MARGIN.sub("", line, count=1) if grouped else line
        frame = _FRAME.match(content)
        if frame and not sentences:  # of a group only its own frames
            frames.append(frame)
        if content.endswith(_HEADER) or _BETWEEN.match(line):
            sentence_expected, in_sentence = True, False
        elif content.strip() in _CHAINED:
            sentence_expected, in_sentence = False, False
        elif in_sentence:
            sentences[-1].append(content)
        elif sentence_expected and content[:1].strip():  # frames and their code are indented
            sentences.append([content])
            sentence_expected, in_sentence = False, True
    return ["\n".join(lines).strip() for lines in sentences], frames


def _place(frames: Sequence[re.Match[str]]) -> str | None:
    not_airflows = [frame for frame in frames if not _AIRFLOWS_OWN.search(frame["file"])]
    authors = [frame for frame in not_airflows if not _INSTALLED.search(frame["file"])]
    return _frame_in_words((authors or not_airflows)[-1]) if not_airflows else None


def _frame_in_words(frame: re.Match[str]) -> str:
    function = f" in {frame['function']}" if frame["function"] else ""
    return f"{frame['file']}, line {frame['line']}{function}"
