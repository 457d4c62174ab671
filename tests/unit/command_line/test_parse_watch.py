"""A deploy with --wait goes on waiting where the server has stopped, until each DAG processor has parsed it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from managed_dags_cli import parse_watch

if TYPE_CHECKING:
    from collections.abc import Iterator

PENDING = {"dag_id": "nightly", "state": "pending", "import_error": None}
PARSED_AT = "2026-01-01T00:00:05Z"


def answer(state: str, parsed_at: str | None = None, *nodes: tuple[bool, str], **more: Any) -> dict[str, Any]:
    """What get_dag answers, as far as it is looked at; nodes: whether each is alive, and its state."""
    told = [{"is_alive": is_alive, "state": of_node} for is_alive, of_node in nodes]
    return {"state": state, "parsed_at": parsed_at, "import_error": None, "nodes": told or None, **more}


class Answers:
    """Stands in for a server: which DAG processor is how fast can't be had of a real one."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers: Iterator[dict[str, Any]] = iter(answers)
        self.asked: list[tuple[str, str]] = []

    def document(self, operation: str, *, dag_id: str) -> dict[str, Any]:
        self.asked.append((operation, dag_id))
        return next(self._answers)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second between two looks."""
    monkeypatch.setattr(parse_watch, "_POLL", 0.0)


def later() -> float:
    return time.monotonic() + 600


def test_what_the_server_has_waited_for():
    """The server's own verdict is not asked for again."""
    server = Answers()
    deployment = {**PENDING, "state": "failed", "import_error": "boom"}
    assert parse_watch.parsed_state(server, deployment, later()) == {"state": "failed", "import_error": "boom"}
    assert server.asked == []


def test_what_the_deploy_has_written_is_no_parse():
    """A DAG that Airflow knows from the deploy is waited for until the DAG processor has parsed it."""
    server = Answers(answer("parsed"), answer("pending"), answer("parsed", PARSED_AT))
    assert parse_watch.parsed_state(server, PENDING, later()) == {"state": "parsed", "import_error": None}
    assert server.asked == [("get_dag", "nightly")] * 3


def test_each_node_that_lives_is_waited_for():
    """With the database store a DAG processor that is behind is waited for, one that does not run is not."""
    server = Answers(
        answer("parsed", PARSED_AT, (True, "parsed"), (True, "pending"), (False, "pending")),
        answer("parsed", PARSED_AT, (True, "parsed"), (True, "parsed"), (False, "pending")),
    )
    assert parse_watch.parsed_state(server, PENDING, later()) == {"state": "parsed", "import_error": None}
    assert len(server.asked) == 2


def test_so_many_nodes_are_enough():
    """Where a number is given it is enough that so many hosts have parsed it, whichever they are, and no fewer are."""
    some = answer("parsed", PARSED_AT, (True, "parsed"), (True, "pending"), (False, "pending"))
    enough = answer("parsed", PARSED_AT, (True, "parsed"), (True, "pending"), (False, "parsed"))
    server = Answers(some, enough)
    assert parse_watch.parsed_state(server, PENDING, later(), 2) == {"state": "parsed", "import_error": None}
    assert len(server.asked) == 2
    server = Answers(some)
    assert parse_watch.parsed_state(server, PENDING, later(), 1) == {"state": "parsed", "import_error": None}


def test_an_import_error_ends_the_wait():
    """A DAG that could not be imported is told as failed, with the reason."""
    server = Answers(answer("parsed"), answer("failed", import_error="boom"))
    assert parse_watch.parsed_state(server, PENDING, later()) == {"state": "failed", "import_error": "boom"}


def test_the_time_is_up():
    """What nobody has parsed by then is pending, whatever Airflow knows from the deploy."""
    server = Answers(answer("parsed"))
    assert parse_watch.parsed_state(server, PENDING, time.monotonic()) == {"state": "pending", "import_error": None}
