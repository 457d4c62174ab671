"""A proxy between Airflow and its PostgreSQL that loses what is said about one COMMIT, as a failover would.

    with PostgresProxy(cluster.socket) as proxy:
        create_engine(proxy.url("mine"))
        proxy.lose("answer", after="'kill_running_tasks'")
        ...                                                # the next COMMIT after a statement with this text
        assert proxy.lost == 1

What it can do with that COMMIT:

    answer     it reaches the server, which commits; both connections break before the client has the answer
    request    it never reaches the server: both connections break, and the server rolls back
    late       the client's connection breaks at once; the server gets the COMMIT a second later
    unnoticed  the client's connection breaks; the server notices a second later, and rolls back only then
    nothing    it reaches the server, and the answer the client; then both connections break

`away` lets nobody connect any more, as a server that has not come back. It reads the protocol's messages
(https://www.postgresql.org/docs/current/protocol-message-formats.html), which psycopg2 sends in clear here.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

_LATE_SECONDS = 1.0
_ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest, GSSENCRequest: answered with one byte, not with a message


class PostgresProxy:
    """Passes connections on to the server that listens on a Unix socket."""

    def __init__(self, server: Path) -> None:
        self._server = str(server)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._fault: str | None = None
        self._after = ""
        self._countdown = 0
        self._open: set[socket.socket] = set()
        self.away = False
        self.stays_away = False
        self.lost = 0
        self.commits = 0

    def __enter__(self) -> Self:
        """Take connections."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        """End all connections."""
        self._listener.close()
        self._break_all()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database by way of this proxy."""
        port = self._listener.getsockname()[1]
        return f"postgresql+psycopg2://airflow@127.0.0.1:{port}/{database}"

    def lose(self, what: str, *, after: str = "", number: int = 1, and_stay_away: bool = False) -> None:
        """Spoil a COMMIT, once: the first, or the so manieth, of a transaction with a statement that holds this text.

        and_stay_away: nobody can connect afterwards, until `come_back` is called.
        """
        with self._lock:
            self._fault, self._after, self._countdown = what, after, number
            self.stays_away = and_stay_away
            self.lost = self.commits = 0

    def come_back(self) -> None:
        """Take connections again, and spoil nothing any more."""
        with self._lock:
            self._fault, self.away = None, False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.away:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=_Connection(self, client, server).serve, daemon=True).start()

    def _break_all(self) -> None:
        with self._lock:
            open_sockets, self._open = self._open, set()
        for one in open_sockets:
            _close(one)

    def take_fault(self, statements: list[str]) -> str | None:
        """Return what is to happen to the COMMIT of a transaction with these statements, None for nothing."""
        with self._lock:
            if self._fault is None or not any(self._after in statement for statement in statements):
                return None
            self.commits += 1
            if self.commits != self._countdown:
                return None
            fault, self._fault = self._fault, None
            self.lost += 1
            self.away = self.stays_away
            return fault


class _Connection:
    """One client's connection, with one to the server."""

    def __init__(self, proxy: PostgresProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._answer_is_lost = threading.Event()
        self._answered = threading.Event()

    def serve(self) -> None:
        answers = threading.Thread(target=self._pass_answers, daemon=True)
        with contextlib.suppress(OSError, EOFError):
            self._pass_start()
            answers.start()
            self._pass_messages()
        _close(self._client)
        _close(self._server)

    def _pass_start(self) -> None:
        """Pass on what comes before the first typed message."""
        while True:
            length = self._read(4)
            rest = self._read(struct.unpack("!I", length)[0] - 4)
            self._server.sendall(length + rest)
            if struct.unpack("!I", rest[:4])[0] not in _ENCRYPTION_REQUESTS:
                return
            self._client.sendall(self._server.recv(1))  # N: the server has no encryption on its Unix socket

    def _pass_messages(self) -> None:
        statements: list[str] = []
        while True:
            head = self._read(5)
            body = self._read(struct.unpack("!I", head[1:])[0] - 4)
            statement = body[:-1].decode(errors="replace") if head[:1] == b"Q" else ""
            if statement == "COMMIT":
                fault = self._proxy.take_fault(statements)
                if fault is not None:
                    self._spoil(fault, head + body)
                    return
            ends_transaction = statement.startswith(("BEGIN", "ROLLBACK", "COMMIT"))
            statements = [] if ends_transaction else [*statements, statement]
            self._server.sendall(head + body)

    def _spoil(self, fault: str, commit: bytes) -> None:
        if fault != "nothing":
            self._answer_is_lost.set()
        if fault in {"answer", "nothing"}:
            self._answered.clear()
            self._server.sendall(commit)
            assert self._answered.wait(10)
        elif fault in {"late", "unnoticed"}:
            _close(self._client)
            time.sleep(_LATE_SECONDS)
            if fault == "late":
                self._answered.clear()
                self._server.sendall(commit)
                assert self._answered.wait(10)

    def _pass_answers(self) -> None:
        with contextlib.suppress(OSError):
            while answer := self._server.recv(65536):
                if not self._answer_is_lost.is_set():
                    self._client.sendall(answer)
                self._answered.set()
        if not self._answer_is_lost.is_set():
            _close(self._client)

    def _read(self, number: int) -> bytes:
        data = b""
        while len(data) < number:
            more = self._client.recv(number - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
