"""A stand-in for Celery, which these tests' environment has not: workers that answer, or a broker that does not.

It takes the calls that are made of Celery's app, and no others. tests/nodes has the real one, with Redis and workers.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

_MODULE = "airflow.providers.celery.executors.celery_executor_utils"


class StandIn:
    """An app of Celery. answers: what the workers say; during: is called before they do. asked: how often they were."""

    def __init__(self, answers: list[dict[str, Any]], during: Callable[[], None] = lambda: None) -> None:
        """Take what the workers say."""
        self.asked = 0
        self.producer_pool: Any = "Celery's own"
        self._answers, self._during = answers, during

    @property
    def control(self) -> StandIn:
        """What asks workers."""
        return self

    @contextmanager
    def connection_for_write(self, **options: Any) -> Iterator[StandIn]:
        """A connection to the broker."""
        yield self

    def mailbox(self, connection: StandIn) -> StandIn:
        """What sends and receives over it."""
        return connection

    def multi_call(self, command: str, *, timeout: float, callback: Callable[[dict[str, Any]], None]) -> None:
        """Have each worker answer."""
        assert (command, self.producer_pool) == ("active_queues", None)
        self.asked += 1
        self._during()
        for answer in self._answers:
            callback(answer)


def put(monkeypatch: pytest.MonkeyPatch, app: StandIn | None) -> None:
    """Have it imported as the Celery provider's app; None: as where the provider is not installed."""
    from openmetadata_airflow_apis.runs import celery_workers

    monkeypatch.setattr(celery_workers, "_last", [])
    # However slow the machine is, an answer comes in time, and is kept for as long as the test takes.
    monkeypatch.setattr(celery_workers, "_SECONDS", 60)
    monkeypatch.setattr(celery_workers, "_SECONDS_KEPT", 600)
    module = ModuleType(_MODULE)
    module.app = app  # type: ignore[attr-defined]
    parents = ["airflow.providers.celery", "airflow.providers.celery.executors"]
    for name in parents:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, _MODULE, module if app is not None else None)
