"""Reads the head of a stored definition's file, again only if the file was replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.stored_content import FORMAT, read_file
from openmetadata_airflow_apis.errors import DamagedDocument, Unavailable
from openmetadata_airflow_apis.stores.definition_store import Head

if TYPE_CHECKING:
    from pathlib import Path

# Where the definition begins in a stored file. What stands before it is short, however large the definition is.
_DEFINITION = b',\n "definition": '
# Path → the identity of the file that this process read, and its head.
_read: dict[str, tuple[tuple[int, int, int], Head | None]] = {}
_KEPT = 50_000


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
        if len(_read) >= _KEPT:
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
