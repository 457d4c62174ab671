"""What deployed files hold, without reading again those that are unchanged since this process read them.

A change shows in inode, size and times, as in git's index.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.stored_content import FORMAT, read_file
from openmetadata_airflow_apis.errors import DamagedDocument, Unavailable
from openmetadata_airflow_apis.stores.definition_store import Deployment, Head

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument

# A file that was changed less than this before it was read may change again within the same tick of its clock.
_SETTLED_NANOSECONDS = 2_000_000_000
# Entries of some 300 bytes.
_DEPLOYMENTS_KEPT = 100_000
# Path of the record → the likeness of both files, and the deployment that they held.
_seen: dict[str, tuple[int, Deployment]] = {}
# Where the definition begins in a stored file. What stands before it is short, however large the definition is.
_DEFINITION = b',\n "definition": '
# Path → the identity of the file that this process read, and its head.
_read: dict[str, tuple[tuple[int, int, int], Head | None]] = {}
_HEADS_KEPT = 50_000


def stored_head(path: Path) -> Head | None:
    """Return the head of a stored document, None if it can't be read or a deploy did not write it."""
    try:
        status = path.lstat()
    except OSError:  # deleted since its folder was listed
        return None
    # A deploy replaces the file, and never writes into it.
    identity = (status.st_ino, status.st_mtime_ns, status.st_size)
    place = str(path)
    entry = _read.get(place)
    if entry is None or entry[0] != identity:
        if len(_read) >= _HEADS_KEPT:
            _read.clear()
        entry = _read[place] = (identity, _head_in(place))
    return entry[1]


def _head_in(path: str) -> Head | None:
    try:
        beginning, separator, _ = (read_file(path) or b"").partition(_DEFINITION)
        content = json.loads(beginning + b"}") if separator else None
    except (DamagedDocument, Unavailable, ValueError, RecursionError):  # reading all of it reports this
        return None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    revision, bundle_name = content.get("sha256"), content.get("bundle_name")
    if not isinstance(revision, str) or not isinstance(bundle_name, (str, type(None))):
        return None
    return Head(revision, bundle_name)


def deployment_of(
    record: str, module: str, read: Callable[[], StoredDocument | None]
) -> Deployment | StoredDocument | None:
    """Return the deployment that two files hold; if they have changed, call `read` and return its document.

    record, module: the paths of <dag_id>.json and <dag_id>.py. Errors of `read` pass through, and are not remembered.
    """
    likeness = _likeness(record, module)
    if likeness is not None and record in _seen:
        likeness_then, deployment = _seen[record]
        if likeness_then == likeness:
            return deployment
    document = read()
    if document is not None and likeness is not None:
        if len(_seen) >= _DEPLOYMENTS_KEPT:
            _seen.clear()
        _seen[record] = (likeness, Deployment(document.mark, document.deployed_at))
    return document


def _likeness(*paths: str) -> int | None:
    """Return a number that differs after any change of the files; None if a further change might not show in it."""
    latest = time.time_ns() - _SETTLED_NANOSECONDS
    marks: list[tuple[int, ...]] = []
    for path in paths:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            marks.append(())
            continue
        except OSError:  # reading the file reports this
            return None
        if status.st_ctime_ns > latest:
            return None
        marks.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return hash(tuple(marks))
