"""What a file of a deployed definition says before the definition, read again only where the file is another one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.stored_content import FORMAT, read_file
from openmetadata_airflow_apis.errors import DamagedDocument, Unavailable
from openmetadata_airflow_apis.stores.definition_store import Head

if TYPE_CHECKING:
    from pathlib import Path

# Where the definition begins in what a deploy writes; before it stands little, whatever the definition's size.
_DEFINITION = b',\n "definition": '
# Path → which file it was when this process read it, and its head.
_read: dict[str, tuple[tuple[int, int, int], Head | None]] = {}
_KEPT = 50_000


def stored_head(path: Path) -> Head | None:
    """Return the head of a stored document, None for one that can't be read, or that a deploy did not write."""
    try:
        status = path.lstat()
    except OSError:  # deleted since its folder was listed
        return None
    # A deploy puts a new file in the place of the old one, and touches none.
    which = (status.st_ino, status.st_mtime_ns, status.st_size)
    place = str(path)
    read = _read.get(place)
    if read is None or read[0] != which:
        if len(_read) >= _KEPT:
            _read.clear()
        read = _read[place] = (which, _head_in(place))
    return read[1]


def _head_in(path: str) -> Head | None:
    try:
        beginning, separator, _ = (read_file(path) or b"").partition(_DEFINITION)
        content = json.loads(beginning + b"}") if separator else None
    except (DamagedDocument, Unavailable, ValueError, RecursionError):  # told by whoever reads all of it
        return None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return None
    revision, bundle_name = content.get("sha256"), content.get("bundle_name")
    if not isinstance(revision, str) or not isinstance(bundle_name, (str, type(None))):
        return None
    return Head(revision, bundle_name)
