"""Several logs of one try, such as a worker's and a triggerer's, as one log in the order of their records' times."""

from __future__ import annotations

import heapq
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.runs.log_readers import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openmetadata_airflow_apis.runs.log_readers import LogReader

_TIME = re.compile(rb"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*)")


class Interleaved:
    """Several logs of one try, such as a worker's and a triggerer's, merged by the times of their records.

    Of equal lines that follow each other only one is given, as by Airflow.
    """

    def __init__(self, readers: Sequence[LogReader]) -> None:
        self._readers = readers

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from position start on, in pieces."""
        for line in _merged([_lines(reader.chunks(0)) for reader in self._readers]):
            if start < len(line):
                yield line[start:]
            start = max(start - len(line), 0)

    def tail(self, size: int) -> bytes:
        """Return the last bytes, at most `size` of them."""
        tails = [_lines(iter([reader.tail(size)])) for reader in self._readers]
        return b"".join(_merged(tails))[-size:]

    def size(self) -> int:
        """Return how many bytes there are."""
        return sum(map(len, self.chunks(0)))


def interleaved(readers: Sequence[LogReader]) -> LogReader:
    """Return several logs as one; a single log is returned as it is."""
    return readers[0] if len(readers) == 1 else Interleaved(readers)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield whole lines with their line ends; a line that is longer than a block comes in parts."""
    unfinished_line = b""
    for piece in pieces:
        *lines, unfinished_line = (unfinished_line + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(unfinished_line) > BLOCK:
            yield unfinished_line
            unfinished_line = b""
    if unfinished_line:
        yield unfinished_line + b"\n"


def _merged(logs: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
    for _, equal_lines in groupby(heapq.merge(*map(_by_time, logs), key=_order), key=lambda pair: pair[1]):
        yield next(equal_lines)[1]


def _order(pair: tuple[Any, bytes]) -> Any:
    return pair[0]


def _by_time(lines: Iterator[bytes]) -> Iterator[tuple[Any, bytes]]:
    """Yield each line with the time of its record, and with its number, which keeps a record's lines together."""
    moment = b""
    for number, line in enumerate(lines):
        match = _TIME.match(line)
        # Records of several processes in one file may be some milliseconds out of order
        moment = max(moment, match[1].replace(b" ", b"T")) if match else moment
        yield (moment, number), line
