"""Reads a log's text from where it is: files here, a worker's log server, a store; in bounded memory."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

import requests

from openmetadata_airflow_apis.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BLOCK = 64 * 1024  # how many bytes are held at a time
_ANSWERS = (requests.codes.ok, requests.codes.partial_content, requests.codes.requested_range_not_satisfiable)


class LogMissing(Exception):
    """There is no such log where it was looked for; str() names the place."""


class LogReader(Protocol):
    """The bytes that a log had when it was opened. The methods raise Unavailable if the store fails."""

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from position start on, in pieces."""

    def tail(self, size: int) -> bytes:
        """Return the last bytes, at most `size` of them."""

    def size(self) -> int:
        """Return how many bytes there are."""


class LocalFile:
    """A file on a disk of this host."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._size = path.stat().st_size
        except OSError as error:
            raise LogMissing(f"{path} can't be read: {error.strerror}") from error

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from position start on, in pieces."""
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                for position in range(start, self._size, BLOCK):
                    yield file.read(min(BLOCK, self._size - position))
        except OSError as error:
            raise Unavailable(f"{self._path} can't be read: {error.strerror}") from error

    def tail(self, size: int) -> bytes:
        """Return the last bytes, at most `size` of them."""
        return b"".join(self.chunks(max(self._size - size, 0)))

    def size(self) -> int:
        """Return how many bytes there are."""
        return self._size


class Text:
    """A text that is in memory already."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode("utf-8", "replace")

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from position start on, in pieces."""
        for position in range(start, len(self._bytes), BLOCK):
            yield self._bytes[position : position + BLOCK]

    def tail(self, size: int) -> bytes:
        """Return the last bytes, at most `size` of them."""
        return self._bytes[-size:]

    def size(self) -> int:
        """Return how many bytes there are."""
        return len(self._bytes)


class Pieces:
    """A text that a log store gives in pieces, from the beginning for each call."""

    def __init__(self, read: Callable[[], Iterator[str]]) -> None:
        self._read = read

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from position start on, in pieces."""
        for piece in self._read():
            text = piece.encode("utf-8", "replace")
            if start < len(text):
                yield text[start:]
            start = max(start - len(text), 0)

    def tail(self, size: int) -> bytes:
        """Return the last bytes, at most `size` of them."""
        return _last_bytes(self.chunks(0), size)

    def size(self) -> int:
        """Return how many bytes there are."""
        return sum(map(len, self.chunks(0)))


class ServedFile:
    """A file that the log server of a worker or a triggerer serves.

    headers: makes the headers of one request. seconds: how long the server may be silent. deadline: by
    time.monotonic(), when everything has to be read.
    """

    def __init__(
        self, url: str, host: str, headers: Callable[[], dict[str, str]], *, seconds: float, deadline: float
    ) -> None:
        self._url, self._host, self._headers = url, host, headers
        self._seconds, self._deadline = seconds, deadline
        with self._ask("bytes=0-0", "HEAD") as answer:
            total = answer.headers.get("Content-Range", "").rpartition("/")[2]
            self._size = int(total if total.isdecimal() else answer.headers.get("Content-Length", 0))

    def chunks(self, start: int) -> Iterator[bytes]:
        """Yield the bytes from position start on, in pieces."""
        if start >= self._size:
            return
        answer = self._ask(f"bytes={start}-{self._size - 1}")
        bytes_to_skip = 0 if answer.status_code == requests.codes.partial_content else start
        for piece in self._pieces(answer):
            if bytes_to_skip < len(piece):
                yield piece[bytes_to_skip:]
            bytes_to_skip = max(bytes_to_skip - len(piece), 0)

    def tail(self, size: int) -> bytes:
        """Return the last bytes, at most `size` of them."""
        return _last_bytes(self.chunks(max(self._size - size, 0)), size)

    def size(self) -> int:
        """Return how many bytes there are."""
        return self._size

    def _ask(self, byte_range: str, method: str = "GET") -> requests.Response:
        seconds_left = self._deadline - time.monotonic()
        if seconds_left <= 0:
            raise Unavailable(f"There was no time left to read the log from the host {self._host}")
        headers = {**self._headers(), "Range": byte_range, "Accept-Encoding": "identity"}
        try:
            answer = requests.request(
                method,
                self._url,
                headers=headers,
                timeout=min(self._seconds, seconds_left),
                stream=True,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unavailable(
                f"The log is on the host {self._host}, whose log server does not answer ({_reason(error)})"
            ) from error
        if answer.status_code == requests.codes.not_found:
            raise LogMissing(f"the log server of the host {self._host} has no such file")
        if answer.status_code == requests.codes.forbidden:
            raise Unavailable(
                f"The log server of the host {self._host} refuses this webserver: [webserver] secret_key must be the "
                "same on both, and their clocks right"
            )
        if answer.status_code not in _ANSWERS:
            raise Unavailable(f"The log server of the host {self._host} answers with status {answer.status_code}")
        return answer

    def _pieces(self, answer: requests.Response) -> Iterator[bytes]:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            answer.close()
            return
        try:
            with answer:
                for piece in answer.iter_content(BLOCK):
                    yield piece
                    if time.monotonic() > self._deadline:
                        raise Unavailable(f"The log server of the host {self._host} takes too long to send the log")
        except requests.RequestException as error:
            raise Unavailable(
                f"The log server of the host {self._host} stopped in the middle of the log ({_reason(error)})"
            ) from error


def _last_bytes(pieces: Iterator[bytes], size: int) -> bytes:
    """Return the last bytes of all pieces together, at most `size` of them, and hold few more in memory."""
    last_pieces: deque[bytes] = deque()
    bytes_held = 0
    for piece in pieces:
        last_pieces.append(piece)
        bytes_held += len(piece)
        while bytes_held - len(last_pieces[0]) >= size:
            bytes_held -= len(last_pieces.popleft())
    return b"".join(last_pieces)[-size:]


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
