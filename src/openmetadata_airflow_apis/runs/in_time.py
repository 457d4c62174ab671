"""Work that nothing bounds, done in a thread of its own that is waited for until a deadline."""

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
    """Return what the work returns, or raise what it raises; raise NotInTime when it is not done by the deadline.

    The thread is then left behind: nobody waits for it, and it ends with the process at the latest.
    deadline: of time.monotonic(). name: of the thread.
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
