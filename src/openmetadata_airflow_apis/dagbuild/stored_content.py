"""Reads a stored document as far as a DAG file needs it, with no more imports than that takes."""

from __future__ import annotations

import errno
import json
import os
import stat
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from openmetadata_airflow_apis.dagbuild.callable_files import read_whole
from openmetadata_airflow_apis.errors import DamagedDocument, Unavailable

if TYPE_CHECKING:
    from typing import TypedDict

    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.json_limits import SentObject

    class _DeployersWords(TypedDict, total=False):
        comment: str
        bundle_name: str

    class StoredContent(_DeployersWords):
        """The JSON object of a stored document. deployed_at: ISO 8601. source: the workflow as it was sent."""

        format: int
        dag_id: str
        deployed_by: str
        deployed_at: str
        sha256: str
        definition: Definition
        source: SentObject


FORMAT = 1
# No deploy stores more; a file that is larger was not written by one, and would fill the memory.
LARGEST = 64 * 1024 * 1024

# How every stored document begins, whatever its format.
BEGINNING = b'{\n "format": '
_CANONICAL = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_KINDS = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"))


def canonical_bytes(definition: Definition) -> bytes:
    """Return a canonical definition as JSON without blanks, in ASCII: what its revision is the sha256 of."""
    return _CANONICAL.encode(definition).encode("ascii")


def revision_of(definition: Definition) -> str:
    """Return the sha256 of a canonical definition, in hexadecimal; the order of keys counts."""
    return sha256(canonical_bytes(definition)).hexdigest()


def read_file(path: str) -> bytes | None:
    """Return the bytes of a regular file, None if nothing is there; links are not followed, and nothing is waited for.

    Raises DamagedDocument, naming `path`, for anything but a regular file of at most 64 MiB that this process may
    read, and Unavailable if its folder does not answer.
    """
    try:
        # O_NONBLOCK: opening a FIFO would wait for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
                return read_whole(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    if stat.S_ISREG(status.st_mode):
        raise DamagedDocument(path, f"is larger than anything that is deployed ({status.st_size} bytes)")
    raise DamagedDocument(path, f"is {_kind(status.st_mode)}, not a regular file")


def read_content(data: bytes, path: str) -> StoredContent:
    """Return the JSON object of a stored document; it has a dag_id, definition and sha256.

    Raises DamagedDocument, naming `path` in one line, for bytes that are no JSON, a missing key of those, another
    format, or a definition that is not the one that was deployed.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedDocument(path, _not_json(data, error)) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or isinstance(content["format"], bool):
        raise _other_format(path, content)
    try:
        _, expected, actual = content["dag_id"], content["sha256"], revision_of(content["definition"])
    except KeyError as error:
        raise DamagedDocument(path, f"was changed by hand: its key {error} is missing") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedDocument(path, f"was changed by hand: {error}") from None
    if actual != expected:
        raise DamagedDocument(path, "the definition was changed in the file after it was deployed (its sha256 differs)")
    return cast("StoredContent", content)


def _not_json(data: bytes, error: Exception) -> str:
    if not data.strip():
        return "is empty"
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    if data.startswith(BEGINNING):
        return f"is not JSON any more: it is torn, or was changed by hand ({reason})"
    return f"is not JSON ({reason})"


def _other_format(path: str, content: Any) -> DamagedDocument:
    number = content.get("format") if isinstance(content, dict) else None
    if isinstance(number, int) and not isinstance(number, bool) and number > FORMAT:
        return DamagedDocument(
            path,
            f"was written by a newer version of openmetadata-airflow-apis (its format is {number}, known is {FORMAT})",
            cure="install that version here too, or move the file away and deploy the workflow again",
        )
    return DamagedDocument(path, "is not a stored definition, and was not written by a deploy")


def _unreadable(path: str, error: OSError) -> DamagedDocument | Unavailable:
    try:
        mode = os.lstat(path).st_mode
    except OSError:  # the folder is at fault, and with it every file in it
        folder = os.path.dirname(path)  # noqa: PTH120 - without pathlib, for speed
        return Unavailable(f"{folder} cannot be used: {error.strerror or error}; mend it and send the request again")
    if not stat.S_ISREG(mode):
        return DamagedDocument(path, f"is {_kind(mode)}, not a regular file")
    if error.errno in (errno.EACCES, errno.EPERM):
        return DamagedDocument(
            path,
            f"cannot be read by the user of this process (uid {os.geteuid()})",
            cure="give that user the right to read it",
        )
    return Unavailable(f"{path} cannot be read: {error.strerror or error}; try again later")


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a socket or a device")
