"""HTTP to one server: proxies of the environment, the system's certificates, and how a request is sent again.

answers.py decides whether a request may be sent again if its answer is lost.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import click

from managed_dags_cli import __version__
from managed_dags_cli.errors import NotReachable

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT_SECONDS = 10
# Beyond what the server was asked to wait for: the longest that a webserver works on one request by default.
_ANSWER_SECONDS = 120
_TRIES = 3
# What a proxy says while the server behind it restarts.
_AWAY = (502, 503, 504)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. document: its JSON, None if it has none."""

    status: int
    headers: Mapping[str, str]
    text: str
    document: Any


class Connection:
    """Connections to the server at one URL."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: object = None,
        wait: int = 0,
        repeatable: bool = False,
    ) -> Answer:
        """Send a request and return its answer, of whatever status.

        path: with its query. wait: seconds that the server was asked to wait. repeatable: whether it may be sent again
        if its answer is lost. Raises NotReachable, and UsageError for a proxy of the environment that can't be one.
        """
        import urllib3

        all_headers = {"Accept": "application/json", "User-Agent": f"managed-dags/{__version__}", **headers}
        content = None
        if body is not None:
            all_headers.setdefault("Content-Type", "application/json")
            content = json.dumps(body).encode()
        tries = _TRIES if repeatable else 0
        retries = urllib3.Retry(
            total=tries,
            connect=0,
            read=tries,
            status=tries,
            status_forcelist=_AWAY,
            allowed_methods=None,
            backoff_factor=0.5,
            redirect=False,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=wait + _ANSWER_SECONDS)
        try:
            response = self._pool().request(
                method,
                self.url + path,
                headers=all_headers,
                body=content,
                timeout=timeout,
                retries=retries,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise NotReachable(self._why(error, lost=not repeatable and method != "GET")) from None
        return self._answer(response)

    def _pool(self) -> Any:
        import logging

        import urllib3

        logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of each try; the caller is told of the last
        parts = urlsplit(self.url)
        proxy = getproxies().get(parts.scheme)
        if not proxy or proxy_bypass(parts.netloc):
            return urllib3.PoolManager()
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            # Without a scheme it is one of HTTP, as to curl.
            pool = urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}")
            if pool.proxy is not None and pool.proxy.host:
                return pool
        # What is set is not shown: it may have a password.
        raise click.UsageError(
            f"{parts.scheme.upper()}_PROXY is no URL of a proxy that can be used: http://proxy.example.org:3128, say, "
            f"and no SOCKS; or name {parts.hostname} in NO_PROXY"
        )

    def _answer(self, response: Any) -> Answer:
        text = response.data.decode("utf-8", "replace")
        document = None
        if "json" in response.headers.get("Content-Type", ""):
            try:
                document = json.loads(text)
            except ValueError:
                raise NotReachable(f"{self.url} answers JSON that is none: {text[:200]!r}") from None
        return Answer(response.status, response.headers, text, document)

    def _why(self, error: Exception, *, lost: bool) -> str:
        import urllib3.exceptions as errors

        reason = error.reason if isinstance(error, errors.MaxRetryError) and error.reason else error
        if isinstance(reason, errors.NameResolutionError):
            return f"{self.url}: no such host; check the URL"
        if isinstance(reason, errors.ProxyError):
            return (
                f"{self.url}: the proxy of the environment does not get there: {reason}; see HTTPS_PROXY and NO_PROXY"
            )
        if isinstance(reason, errors.SSLError):
            cure = "SSL_CERT_FILE names a file of further authorities"
            return f"{self.url}: its certificate is not trusted: {reason}; {cure}"
        if isinstance(reason, (errors.ConnectTimeoutError, errors.NewConnectionError)):
            return f"{self.url}: nobody answers there; check the URL, and whether the webserver is up"
        advice = "; whether it was done is not known: look before you try again" if lost else "; try again"
        return f"{self.url}: the answer was lost: {reason}{advice}"
