"""Writes files atomically: to a temporary file beside the target, flushed to disk, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import StorageFull, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_MODE = 0o640
FOLDER_MODE = 0o750
_SUFFIX = ".tmp"


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError of the block into Unavailable or StorageFull, naming the folder and the cure."""
    try:
        yield
    except OSError as error:
        raise _unavailable(folder, error) from error


def _unavailable(folder: Path, error: OSError) -> Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(f"There is no room left in {folder}; make some and send the request again")
    if error.errno == errno.EROFS:
        return Unavailable(f"{folder} is on a read-only file system; mount it for writing and send the request again")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unavailable(
            f"{folder} cannot be written by the webserver's user (uid {os.geteuid()}); "
            "give that user the right to, and send the request again"
        )
    return Unavailable(f"{folder} cannot be used: {error.strerror or error}; mend it and send the request again")


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, with mode 0750 whatever the umask."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        with suppress(FileExistsError):  # another webserver was faster
            path.mkdir()
            path.chmod(FOLDER_MODE)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk; only then does a rename survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


def read_bytes(path: Path) -> bytes | None:
    """Return the bytes of a regular file, None if there is none. Raises OSError for a link or anything else."""
    try:
        # O_NONBLOCK: opening a FIFO would wait for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read()


def write_beside(path: Path, data: bytes) -> Path:
    """Write data to a temporary file beside `path`, on disk and with mode 0640; return its path.

    A failure leaves no file.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_SUFFIX}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)  # the umask may have removed bits from the mode that open was given
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    return beside


def left_beside(path: Path) -> list[Path]:
    """Return the temporary files that write_beside wrote for `path` and that were never renamed."""
    if not path.parent.is_dir():
        return []
    with os.scandir(path.parent) as entries:
        return [
            path.with_name(entry.name)
            for entry in entries
            if written_beside(entry.name) == path.name and not entry.is_dir(follow_symlinks=False)
        ]


def written_beside(name: str) -> str | None:
    """Return the target's name for the name of a temporary file of write_beside, None for any other name."""
    if name.startswith(".") and name.endswith(_SUFFIX):
        return name[1 : -len(_SUFFIX)].rpartition(".")[0] or None
    return None
