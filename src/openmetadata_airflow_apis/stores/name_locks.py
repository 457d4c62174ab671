"""A lock per name that a process holds and that ends with it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.stores.atomic_files import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL = 0.05


class HeldElsewhere(Exception):
    """Another holder did not let go of the lock in time."""


@contextmanager
def locked_file(path: Path, *, seconds: float) -> Iterator[None]:
    """Hold an exclusive flock on the file `path`, which exists only while it is locked.

    Raises HeldElsewhere if another holder keeps the lock for longer than `seconds`.
    """
    descriptor = _acquire(path, time.monotonic() + seconds)
    try:
        yield
    finally:
        # Unlinked before it is unlocked, so that a waiting process notices (_is_at) and locks the next file.
        with suppress(OSError):  # on a disk that has become read-only the empty file stays, and blocks nobody
            path.unlink()
        os.close(descriptor)


def _acquire(path: Path, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        try:
            _flock(descriptor, deadline)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the last holder unlinked it while we waited: lock the file that is there now


def _flock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise HeldElsewhere from None
            time.sleep(_POLL)
        else:
            return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
