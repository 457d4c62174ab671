"""One call of an operation: the request that the specification says, signed in, and what its answer means.

What is sent again after a lost answer is decided here: what only reads, PATCH, PUT, and what has an Idempotency-Key.
All else, such as a delete, may have been done, and whoever called it is told so.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from managed_dags_cli.connection import Connection
from managed_dags_cli.errors import NotReachable, NotSignedIn, Refused
from managed_dags_cli.operations import operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.connection import Answer
    from managed_dags_cli.operations import Operation
    from managed_dags_cli.servers import Server

# A request whose answer was lost may still be under way when it is sent again.
_UNDER_WAY_SECONDS = 60
_REPEATABLE = frozenset({"GET", "PATCH", "PUT"})


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

        What changes something is sent with an Idempotency-Key, where the operation takes one, so that it is done once
        however often the answer is lost. Raises Refused, NotSignedIn and NotReachable.
        """
        called = operation(operation_id)
        target, sent = called.target(arguments or {})
        sent.update(headers or {})
        if called.takes_key:
            sent.setdefault("Idempotency-Key", str(uuid.uuid4()))
        wait = int((arguments or {}).get("wait") or 0)
        answer = self._signed(called, target, sent, body, wait)
        deadline = time.monotonic() + _UNDER_WAY_SECONDS
        while _is_under_way(answer) and time.monotonic() < deadline:
            time.sleep(1)
            answer = self._signed(called, target, sent, body, wait)
        return self._looked_at(answer)

    def _signed(self, called: Operation, target: str, sent: dict[str, str], body: object, wait: int) -> Answer:
        repeatable = called.method in _REPEATABLE or "Idempotency-Key" in sent

        def send(token: str | None) -> Answer:
            signed = sent if token is None else {**sent, "Authorization": f"Bearer {token}"}
            return self._connection.send(
                called.method, target, headers=signed, body=body, wait=wait, repeatable=repeatable
            )

        if called.open:
            return send(None)
        token = self._credentials.token(self._connection)
        answer = send(token)
        if answer.status == 401 and self._credentials.renew(self._connection, token):
            answer = send(self._credentials.token(self._connection))
        return answer

    def _looked_at(self, answer: Answer) -> Answer:
        if answer.status < 300 and (answer.document is not None or "text/plain" in answer.headers["Content-Type"]):
            return answer
        problem = answer.document
        if answer.status < 400 or not isinstance(problem, dict):
            kind = answer.headers.get("Content-Type", "nothing").partition(";")[0]
            raise NotReachable(
                f"{self.url} answers HTTP {answer.status} with {kind}, as no webserver with openmetadata-airflow-apis "
                "does; check the URL, and on that machine `openmetadata-airflow-apis doctor`"
            )
        if answer.status == 401:
            reason = problem.get("detail") or problem.get("msg")
            raise NotSignedIn(f"{self.url}: {reason}; `managed-dags login {self.url}`, or give another token")
        raise Refused({"status": answer.status, **problem})


def _is_under_way(answer: Answer) -> bool:
    problem = answer.document if isinstance(answer.document, dict) else {}
    return answer.status == 409 and str(problem.get("type", "")).endswith("/idempotency-key-in-use")
