"""Calls the server: one request over HTTP, sent again if its answer is lost, and what the answer means.

Sent again after a lost answer are GET, PATCH, PUT, and requests with an Idempotency-Key. All others, such as a delete,
may have been carried out, and the caller is told so. Proxies are those of the environment, certificates the system's.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import click

from managed_dags_cli import __version__
from managed_dags_cli.errors import NotReachable, NotSignedIn, Refused
from managed_dags_cli.operations import operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.operations import Operation
    from managed_dags_cli.server_and_credentials import Server

_CONNECT_SECONDS = 10
# Beyond what the server was asked to wait for: the longest that a webserver works on one request by default.
_ANSWER_SECONDS = 120
_TRIES = 3
# What a proxy says while the server behind it restarts.
_AWAY = (502, 503, 504)
# How long to wait if a request is sent again while the first one, whose answer was lost, is still under way.
_UNDER_WAY_SECONDS = 60
_REPEATABLE = frozenset({"GET", "PATCH", "PUT"})
# Where this API says why it refuses; the JSON of others, such as gateways, has other keys.
_REASONS = frozenset({"detail", "title", "msg", "error"})


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. document: its JSON, None if it has none."""

    status: int
    headers: Mapping[str, str]
    text: str
    document: Any


class Api:
    """The operations of one server."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self._credentials = server.credentials
        self._connection = Connection(server.url)

    def document(self, operation_id: str, body: object = None, **arguments: Any) -> Any:
        """Call an operation and return the JSON that it answers."""
        return self.call(operation_id, body, arguments).document

    def call(
        self,
        operation_id: str,
        body: object = None,
        arguments: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call an operation; an argument that is None is not given.

        If the operation takes an Idempotency-Key, the request has one, so that it is carried out once however often the
        answer is lost. Raises Refused, NotSignedIn and NotReachable.
        """
        called_operation = operation(operation_id)
        target, request_headers = called_operation.target(arguments or {})
        request_headers.update(headers or {})
        if called_operation.takes_key:
            request_headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        wait = int((arguments or {}).get("wait") or 0)
        answer = self._signed(called_operation, target, request_headers, body, wait)
        deadline = time.monotonic() + _UNDER_WAY_SECONDS
        while _is_under_way(answer) and time.monotonic() < deadline:
            time.sleep(1)
            answer = self._signed(called_operation, target, request_headers, body, wait)
        return accepted(answer, self.url, called_operation, repeatable=is_repeatable(called_operation, request_headers))

    def _signed(
        self, called_operation: Operation, target: str, request_headers: dict[str, str], body: object, wait: int
    ) -> Answer:
        repeatable = is_repeatable(called_operation, request_headers)

        def send(token: str | None) -> Answer:
            signed_headers = (
                request_headers if token is None else {**request_headers, "Authorization": f"Bearer {token}"}
            )
            return self._connection.send(
                called_operation.method, target, headers=signed_headers, body=body, wait=wait, repeatable=repeatable
            )

        if called_operation.open:
            return send(None)
        token = self._credentials.token(self._connection)
        answer = send(token)
        if answer.status == 401 and self._credentials.renew(self._connection, token):
            answer = send(self._credentials.token(self._connection))
        return answer


def _is_under_way(answer: Answer) -> bool:
    problem = answer.document if isinstance(answer.document, dict) else {}
    return answer.status == 409 and str(problem.get("type", "")).endswith("/idempotency-key-in-use")


def is_repeatable(called_operation: Operation, request_headers: Mapping[str, str]) -> bool:
    """Tell whether a request may be sent again after its answer was lost."""
    return called_operation.method in _REPEATABLE or "Idempotency-Key" in request_headers


def accepted(answer: Answer, url: str, called_operation: Operation, *, repeatable: bool) -> Answer:
    """Return the answer of an operation; raise Refused, NotSignedIn or NotReachable for any other.

    url: the server's. repeatable: whether the request may be sent again.
    """
    if answer.status < 300 and isinstance(answer.document, dict) and called_operation.is_answer(answer.document):
        return answer
    if not is_refusal(answer):
        raise from_elsewhere(answer, url, repeatable=repeatable)
    problem = answer.document
    if answer.status == 401:
        reason = problem.get("detail") or problem.get("msg")
        raise NotSignedIn(f"{url}: {reason}; `managed-dags login {url}`, or give another token")
    raise Refused({"status": answer.status, **problem})


def is_refusal(answer: Answer) -> bool:
    """Tell whether this API says no, and why; a proxy, or another API, says it otherwise."""
    problem = answer.document
    return answer.status >= 400 and isinstance(problem, dict) and not problem.keys().isdisjoint(_REASONS)


def from_elsewhere(answer: Answer, url: str, *, repeatable: bool = True) -> NotReachable:
    """Return the error for an answer that is none of this API's: it says what answers there, and what to do."""
    if 300 <= answer.status < 400 and answer.headers.get("Location"):
        return NotReachable(f"{url} leads to {answer.headers['Location']}; give the URL that answers itself")
    if not isinstance(answer.document, dict) and answer.status in {502, 503, 504}:
        advice = "try again" if repeatable else "whether it was done is not known: look before you try again"
        return NotReachable(f"{url} answers HTTP {answer.status}: a proxy there does not reach the webserver; {advice}")
    kind = answer.headers.get("Content-Type", "nothing").partition(";")[0]
    return NotReachable(
        f"{url} answers HTTP {answer.status} with {kind}, as no webserver with openmetadata-airflow-apis does; "
        "check the URL, and on that machine `openmetadata-airflow-apis doctor`"
    )


def tokens_of(answer: Answer, url: str, *, refused: str) -> dict[str, str]:
    """Return the tokens of an answer to a login; raise NotSignedIn with the sentence `refused` only if it refuses them.

    A server that is too busy (429), or whose database is away (503), refuses nobody: that is Refused, with its reason.
    Raises NotReachable if what answers is no such server, whatever it refuses.
    """
    if answer.status == 200 and isinstance(answer.document, dict) and "access_token" in answer.document:
        return answer.document
    if not is_refusal(answer):
        raise from_elsewhere(answer, url)
    if answer.status == 429 or answer.status >= 500:
        raise Refused({"status": answer.status, **answer.document})
    raise NotSignedIn(refused)


def reason_of(answer: Answer) -> str:
    """Return why an answer refuses a login."""
    problem = answer.document if isinstance(answer.document, dict) else {}
    return str(problem.get("detail") or problem.get("msg") or f"HTTP {answer.status}")


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
