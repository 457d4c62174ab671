"""Says who wrote a file at one of our paths, and whether it was changed since a deploy wrote it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.dagbuild.stored_content import BEGINNING, read_file
from openmetadata_airflow_apis.dagbuild.stored_document import MARKER, StoredDocument, decode
from openmetadata_airflow_apis.errors import MOVE_AND_DEPLOY, DamagedDocument
from openmetadata_airflow_apis.stores.rendered_module import is_sealed, sealed_dag_id

if TYPE_CHECKING:
    from pathlib import Path

# Keys of request bodies, which the older plugin stored as they were sent.
_OLDER_KEYS = frozenset({"dag_config", "tasks", "forceDeploy", "pauseWorkflow"})
# The function that the older plugin's template calls.
_OLDER_CALL = b"workflow_factory"
_OLDER = "is a file of the older plugin"
_MARKER = MARKER.encode()


@dataclass(frozen=True)
class Inspection:
    """What a file is. reason: what is wrong with it, None if nothing is. cure: None for the usual one.

    is_there: whether anything is at its path. is_ours: whether a deploy wrote it, even if it was changed since.
    document: the content of an unchanged <dag_id>.json.
    """

    is_there: bool
    is_ours: bool = False
    reason: str | None = None
    cure: str | None = None
    document: StoredDocument | None = None

    @property
    def is_older_plugins(self) -> bool:
        """Whether the older plugin wrote it."""
        return self.reason == _OLDER


NOTHING = Inspection(is_there=False)


def inspect_record(path: Path, dag_id: str) -> Inspection:
    """Inspect <dag_id>.json. Raises Unavailable if the folder, or the disk, does not answer."""
    data = None
    try:
        data = read_file(str(path))
        if data is None:
            return NOTHING
        document = decode(data, str(path))
        if document.dag_id == dag_id:
            return Inspection(is_there=True, is_ours=True, document=document)
        reason, cure = f"holds the DAG `{document.dag_id}`", None
    except DamagedDocument as damage:
        reason, cure = damage.reason, _special_cure(damage)
    if data is not None and _is_workflow_of_older_plugin(data):
        return Inspection(is_there=True, reason=_OLDER)
    return Inspection(is_there=True, is_ours=data is not None and _is_stored_document(data), reason=reason, cure=cure)


def inspect_module(path: Path, dag_id: str) -> Inspection:
    """Inspect <dag_id>.py. Raises Unavailable if the folder, or the disk, does not answer."""
    try:
        data = read_file(str(path))
    except DamagedDocument as damage:
        return Inspection(is_there=True, reason=damage.reason, cure=_special_cure(damage))
    if data is None:
        return NOTHING
    if is_sealed(data, dag_id):
        return Inspection(is_there=True, is_ours=True)
    other_dag_id = sealed_dag_id(data)
    if other_dag_id is not None:
        return Inspection(is_there=True, reason=f"is a copy of the file of the DAG `{other_dag_id}`")
    if data.startswith(_MARKER):
        return Inspection(is_there=True, is_ours=True, reason="was changed by hand after it was deployed")
    if _OLDER_CALL in data:
        return Inspection(is_there=True, reason=_OLDER)
    return Inspection(is_there=True, reason="was not written by a deploy")


def is_marked(path: str) -> bool:
    """Say whether a .py file begins with the marker of a rendered one; False if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(_MARKER)) == _MARKER
    except OSError:  # a folder
        return False
    finally:
        os.close(descriptor)


def _special_cure(damage: DamagedDocument) -> str | None:
    return None if damage.cure == MOVE_AND_DEPLOY else damage.cure


def _is_stored_document(data: bytes) -> bool:
    """Say whether a deploy of this or another release wrote a file, even if it was changed since."""
    if data.startswith(BEGINNING):
        return True
    content = _json_object(data)
    return {"format", "sha256"} <= content.keys()


def _is_workflow_of_older_plugin(data: bytes) -> bool:
    """Say whether a file is a workflow that the older plugin stored: the body of its deploy, or the dag_config."""
    content = _json_object(data)
    if "format" in content:
        return False
    blocks = [content, *(value for value in content.values() if isinstance(value, dict))]
    return any(not _OLDER_KEYS.isdisjoint(block) for block in blocks)


def _json_object(data: bytes) -> dict[str, object]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
