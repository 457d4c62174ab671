"""Bodies in chunks, as gunicorn reads them from a raw connection."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.client import Client
    from support.live import LiveAirflow

LIMIT = 1_048_576
DEPLOY = "/rest_api/api/dags"
OLD_DEPLOY = "/rest_api/api?api=deploy_dag"


def chunk(data: bytes) -> bytes:
    """One chunk of a body (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def send(client: Client, path: str, parts: Iterable[bytes]) -> tuple[int, dict]:
    """Send the parts as they are, behind a header that announces chunks; return the answer's status and JSON."""
    url = urlsplit(client.url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {client.token}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
        connection.sendall(head.encode())
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    status_line, _, rest = answer.partition(b"\r\n")
    return int(status_line.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("path", [DEPLOY, OLD_DEPLOY, "/api/v1/security/login"])
@pytest.mark.parametrize("size", [LIMIT + 1, 2 * LIMIT, 8 * LIMIT])
def test_a_body_over_the_limit_is_413(airflow_live: LiveAirflow, client: Client, path: str, size: int) -> None:
    """A chunked body that is too large is refused as one with a length is, and the caller can read the answer."""
    value = json.dumps({"workflow": "x" * (size - 16)}).encode()
    assert len(value) == size
    parts = [chunk(value[start : start + 60_000]) for start in range(0, size, 60_000)]
    status, body = send(client, path, [*parts, chunk(b"")])
    assert (status, "larger than" in str(body)) == (413, True)


def test_the_answer_to_a_body_that_is_too_large_arrives(client: Client) -> None:
    """Of one with a length too: the caller reads 413 instead of finding the connection broken."""
    answer = client.post(DEPLOY, data=b" " * (8 * LIMIT), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "/rest_api/api/problems/body-too-large")


def test_a_body_within_the_limit_is_read(client: Client) -> None:
    """Chunks of any size are one body."""
    text = json.dumps({"workflow": {"name": "in_chunks", "dag_config": {}}}).encode()
    status, body = send(client, DEPLOY, [*(chunk(bytes([each])) for each in text), chunk(b"")])
    assert (status, body["type"]) == (400, "/rest_api/api/problems/invalid-definition")


@pytest.mark.parametrize("parts", [[b"zz\r\n{}\r\n0\r\n\r\n"], [chunk(b"{}")], [b"ff\r\n{}"], [b"2\r\n{}XX0\r\n\r\n"]])
def test_chunks_that_are_not_well_formed_are_400(client: Client, parts: list[bytes]) -> None:
    """A chunk without a size, a body without its last chunk, one cut off, and one too long: never a 500."""
    status, body = send(client, DEPLOY, parts)
    assert (status, body["detail"]) == (400, "The body ended too early, or its chunks are not well formed")
