"""Calls one operation: makes the request that the specification describes, signs it, and reads the answer.

answers.py says which answers are accepted, and which requests may be sent again after a lost one.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from managed_dags_cli.answers import accepted, is_repeatable
from managed_dags_cli.connection import Connection
from managed_dags_cli.operations import operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.connection import Answer
    from managed_dags_cli.operations import Operation
    from managed_dags_cli.servers import Server

# How long to wait if a request is sent again while the first one, whose answer was lost, is still under way.
_UNDER_WAY_SECONDS = 60


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
