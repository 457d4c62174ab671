"""A reverse proxy as nginx would be one: takes a path prefix off, and says so in X-Forwarded-Prefix.

with prefix_proxy("http://127.0.0.1:8080", "/company") as url:
    requests.get(f"{url}/health")    # url is http://127.0.0.1:PORT/company
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of one connection, not of the message; the length is counted anew, since requests has unpacked the body.
_HOP = {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}


@contextmanager
def prefix_proxy(upstream: str, prefix: str) -> Iterator[str]:
    """Pass requests on to upstream, a URL without a path, for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            forwarded = {"X-Forwarded-Prefix": prefix, "X-Forwarded-Host": self.headers["Host"]}
            answer = requests.request(
                self.command,
                upstream + self.path.removeprefix(prefix),
                headers={**self.headers, **forwarded},
                data=self.rfile.read(int(self.headers.get("Content-Length", 0))),
                allow_redirects=False,
                timeout=60,
            )
            self.send_response(answer.status_code)
            for name, value in answer.raw.headers.items():  # a cookie each, which requests would join
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = pass_on  # noqa: N815 - http.server's names

        def log_message(self, *arguments: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()
