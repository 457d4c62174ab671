"""A server that gives the answers which a test has written down."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


# In place of an answer: the server works on the request until the test is over.
NEVER = b"never"


@contextlib.contextmanager
def serving(*answers: bytes | None) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives these answers, one a request; None is a connection that ends without one.

    No Airflow can be made to lose its answer at will. Yields the URL, and of the requests so far the headers,
    with the first line as `request`.
    """
    waiting = list(answers)
    is_over = threading.Event()
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append({**self.headers, "request": self.requestline})
            content = waiting.pop(0)
            self.close_connection = True
            if content == NEVER:
                is_over.wait()
            elif content is not None:
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the base class wants these names

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


def json_answer(document: object, status: str = "200 OK", kind: str = "application/json") -> bytes:
    content = json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content
