"""Reads the files of dag_managed_operators without ever leaving that folder."""

from __future__ import annotations

import os
import stat

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def path_parts(relative: str) -> list[str]:
    """Return the parts of a callable file's path, such as ["growth", "cohorts.py"].

    Raises ValueError with the reason if a part is not a plain Python name, or the file is no .py file.
    """
    if not relative.endswith(".py"):
        raise ValueError(f"'{relative}' is not the name of a .py file")
    parts = relative.split("/")
    for part in (*parts[:-1], parts[-1][:-3]):
        if not (part.isascii() and part.isidentifier()):
            raise ValueError(
                f"'{relative}' is not a path below dag_managed_operators of plain Python names, "
                "such as checks.py or growth/cohorts.py"
            )
    return parts


def read_source(folder: str, relative: str) -> bytes:
    """Return the bytes of a callable file, opened part by part without following symbolic links.

    `folder` itself may be a link: the operator set it. Raises ValueError as path_parts does, FileNotFoundError,
    and OSError if a part is a link or not a folder, or the file is not a regular one.
    """
    return _read_regular(folder, path_parts(relative), relative)


def read_document(folder: str, relative: str) -> str:
    """Return the text of any file below the folder; raise ValueError and OSError as read_source does."""
    parts = relative.split("/")
    if not {"", ".", ".."}.isdisjoint(parts) or "\0" in relative:
        raise ValueError(f"'{relative}' is not a path below dag_managed_operators, such as docs/catalogue.md")
    return _read_regular(folder, parts, relative).decode()


def read_module(folder: str, names: list[str]) -> tuple[bytes | None, bool]:
    """Return the source of a module below the folder, and whether it is a package: ["growth"] is growth.py or growth/.

    As in Python, a folder takes precedence over a file of its name; its source is that of its __init__.py, None if it
    has none. Raises ValueError and OSError as read_source does.
    """
    *folders, name = names
    path_parts("/".join(names) + ".py")
    descriptor = _open_folder(folder, folders)
    try:
        try:
            package = os.open(name, _READ | os.O_DIRECTORY, dir_fd=descriptor)
        except OSError:
            return _read_in(descriptor, f"{name}.py", name), False
        try:
            return _read_in(package, "__init__.py", name), True
        except FileNotFoundError:
            return None, True
        finally:
            os.close(package)
    finally:
        os.close(descriptor)


def _read_regular(folder: str, parts: list[str], relative: str) -> bytes:
    *folders, name = parts
    descriptor = _open_folder(folder, folders)
    try:
        return _read_in(descriptor, name, relative)
    finally:
        os.close(descriptor)


def _read_in(folder: int, name: str, relative: str) -> bytes:
    """Return the bytes of a regular file in an open folder; relative: what an error calls it."""
    descriptor = os.open(name, _READ | os.O_NONBLOCK, dir_fd=folder)  # a blocking open of a FIFO waits for ever
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"'{relative}' is not a regular file")
        return read_whole(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def read_whole(descriptor: int, size: int) -> bytes:
    """Return the bytes of an open file that had this size a moment ago; Python's own file objects would ask again."""
    pieces = []
    while piece := os.read(descriptor, size + 1):
        pieces.append(piece)
    return b"".join(pieces)


def is_folder(folder: str, names: list[str]) -> bool:
    """Tell whether folder/names[0]/names[1]/… is a folder that is reached without following symbolic links."""
    try:
        os.close(_open_folder(folder, names))
    except OSError:
        return False
    return True


def _open_folder(folder: str, names: list[str]) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in names:
        above = descriptor
        try:
            descriptor = os.open(name, _READ | os.O_DIRECTORY, dir_fd=above)
        finally:
            os.close(above)
    return descriptor
