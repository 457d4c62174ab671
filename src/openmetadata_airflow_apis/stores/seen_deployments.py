"""Says which deployment the files of a DAG hold, without reading files that are unchanged since this process read them.

A change shows in inode, size and times, as in git's index.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.stores.definition_store import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument

# A file that was changed less than this before it was read may change again within the same tick of its clock.
_SETTLED_NANOSECONDS = 2_000_000_000
# Entries of some 300 bytes.
_KEPT = 100_000
# Path of the record → the likeness of both files, and the deployment that they held.
_seen: dict[str, tuple[int, Deployment]] = {}


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
        if len(_seen) >= _KEPT:
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
