"""Does work that may take for ever: in a thread of its own, which is waited for until a deadline."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

from airflow import settings as airflow_settings

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class NotInTime(Exception):
    """The work was not done by its deadline."""


def done_in_time(work: Callable[[], Result], deadline: float, *, name: str) -> Result:
    """Return what the work returns, or raise what it raises; raise NotInTime if it is not done by the deadline.

    After NotInTime the thread goes on and nobody waits for it; it ends with the process at the latest.
    deadline: by time.monotonic(). name: the thread's.
    """
    results: list[Result] = []
    errors: list[Exception] = []

    def do() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - it is raised where the work was asked for
            errors.append(error)
        finally:
            airflow_settings.Session.remove()

    thread = threading.Thread(target=do, name=name, daemon=True)
    thread.start()
    thread.join(max(deadline - time.monotonic(), 0))
    if results:
        return results[0]
    if errors:
        raise errors[0]
    raise NotInTime
