"""Which deployment the files of a DAG are of, known without reading them while they are as this process last read them.

As git tells by its index whether a file was changed: by inode, size and times.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.stores.definition_store import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument

# A file that was changed later than this before it was read may be changed again within the same tick of its clock.
_SETTLED_NANOSECONDS = 2_000_000_000
# Some 300 bytes each.
_KEPT = 100_000
# Path of the record → what its files were like, and what was in them.
_seen: dict[str, tuple[int, Deployment]] = {}


def deployment_of(
    record: str, module: str, read: Callable[[], StoredDocument | None]
) -> Deployment | StoredDocument | None:
    """Return which deployment two files are of, or what `read` returns, which is called where they have changed.

    record, module: the paths of <dag_id>.json and <dag_id>.py. What `read` raises passes through, and is not kept.
    """
    likeness = _likeness(record, module)
    if likeness is not None and record in _seen:
        seen_as, deployment = _seen[record]
        if seen_as == likeness:
            return deployment
    document = read()
    if document is not None and likeness is not None:
        if len(_seen) >= _KEPT:
            _seen.clear()
        _seen[record] = (likeness, Deployment(document.mark, document.deployed_at))
    return document


def _likeness(*paths: str) -> int | None:
    """Return a number that is another after any change of the files; None where such a change might not show."""
    latest = time.time_ns() - _SETTLED_NANOSECONDS
    marks: list[tuple[int, ...]] = []
    for path in paths:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            marks.append(())
            continue
        except OSError:  # whoever reads it says why
            return None
        if status.st_ctime_ns > latest:
            return None
        marks.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return hash(tuple(marks))
