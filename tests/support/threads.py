"""The same call from several threads at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


def at_once(call: Callable[[int], Answer], times: int) -> list[Answer]:
    """Return what a call answers to as many threads, which begin together; raise what one of them raised.

    call: called with the thread's number, from 0 on.
    """
    begin = threading.Barrier(times)

    def begin_and_call(number: int) -> Answer:
        begin.wait()
        return call(number)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(begin_and_call, range(times)))
