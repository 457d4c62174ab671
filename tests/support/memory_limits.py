"""Groups of processes that share a limited memory, as a container's do: the kernel kills one that wants more."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def limited_memory(size: int) -> Iterator[Path]:
    """Make a group with so many bytes; return the file where a process writes 0 to join it. Only root may."""
    first = _GROUPS / "memory"
    if first.is_dir():  # the first version of control groups
        group, limit = first / f"omaa-{os.getpid()}", "memory.limit_in_bytes"
    else:
        (_GROUPS / "cgroup.subtree_control").write_text("+memory")
        group, limit = _GROUPS / f"omaa-{os.getpid()}", "memory.max"
    group.mkdir()
    try:
        (group / limit).write_text(str(size))
        yield group / "cgroup.procs"
    finally:
        group.rmdir()
