"""The two files of a deployed DAG: where they are, how they are written, who wrote them, and whether they were changed.

Also which .py files are written anew: those that are missing, and ours that the template would render otherwise now.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.conflict_errors import NotDeployedHere
from openmetadata_airflow_apis.dagbuild.stored_content import BEGINNING, read_file
from openmetadata_airflow_apis.dagbuild.stored_document import MARKER, StoredDocument, decode
from openmetadata_airflow_apis.errors import MOVE_AND_DEPLOY, DamagedDocument, Unavailable
from openmetadata_airflow_apis.stores import atomic_files, older_plugin_files, runner_template

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

_MARKER = MARKER.encode()
DELETING = ".deleting"


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
        return self.reason == older_plugin_files.REASON


NOTHING = Inspection(is_there=False)


class DeployedFiles:
    """The files of all DAGs, the .json files in the folder `records` and the .py files in `modules`.

    template: the Jinja template of a .py. at_step: called with a step's name before each step on disk.
    """

    def __init__(self, records: Path, modules: Path, template: Path, at_step: Callable[[str], None]) -> None:
        self.records, self.modules = records, modules
        self.template = template
        self.at_step = at_step

    def record(self, dag_id: str) -> Path:
        """Return the path of <dag_id>.json, which is the record of what is deployed."""
        return self.records / f"{dag_id}.json"

    def module(self, dag_id: str) -> Path:
        """Return the path of <dag_id>.py."""
        return self.modules / f"{dag_id}.py"

    def tombstone(self, dag_id: str) -> Path:
        """Return the path to which a removal renames <dag_id>.json."""
        return self.records / f".{dag_id}.json{DELETING}"

    def entries(self, folder: Path) -> list[str]:
        """Return the names of a folder's files; an empty list if the folder is missing."""
        with atomic_files.storage_errors(folder):
            try:
                return [path.name for path in folder.iterdir()]
            except FileNotFoundError:
                return []  # the first deploy makes it

    def rendered(self, dag_id: str) -> bytes:
        """Return the .py that the template renders for a DAG now."""
        return runner_template.rendered_module(self.template, dag_id, self.record(dag_id))

    def inspect(self, dag_id: str) -> tuple[Inspection, Inspection]:
        """Return the inspections of the .json and of the .py."""
        return inspect_record(self.record(dag_id), dag_id), inspect_module(self.module(dag_id), dag_id)

    def is_ours(self, dag_id: str) -> bool:
        """Say whether the .py was rendered here."""
        return inspect_module(self.module(dag_id), dag_id).is_ours

    def module_is_stale(self, dag_id: str) -> bool:
        """Say whether the .py of a sound .json is missing, or ours but not what the template renders now."""
        path = self.module(dag_id)
        try:
            module = inspect_module(path, dag_id)
            if module.reason is not None:
                return False
            if module.is_there and atomic_files.read_bytes(path) == self.rendered(dag_id):
                return False
            return inspect_record(self.record(dag_id), dag_id).document is not None
        except (OSError, Unavailable):  # reading the DAG reports this
            return False

    def refuse_damage(self, dag_id: str, record: Inspection, module: Inspection) -> None:
        """Raise NotDeployedHere or DamagedDocument with all that is wrong with either file, in one message."""
        places = ((self.record(dag_id), record), (self.module(dag_id), module))
        faults = [(path, file) for path, file in places if file.reason is not None]
        if not faults:
            return
        path, first_file = faults[0]
        reasons = (
            f"{first_file.reason}"
            if len(faults) == 1
            else f"{first_file.reason}, and {faults[1][0]} {faults[1][1].reason}"
        )
        the_files = "the file" if len(faults) == 1 else "both files"
        if not (record.is_ours or module.is_ours):
            cure = f"move {the_files} away and deploy the workflow here, or deploy under another name"
            raise NotDeployedHere(dag_id, f"{path} {reasons}", cure=cure)
        if len(faults) == 1 and first_file.cure is not None:
            cure = first_file.cure
        elif record.document is not None:
            cure = "move the file away and refresh, which writes it again, or put back what was deployed"
        else:
            cure = f"move {the_files} away and deploy the workflow again, or put back what was deployed"
        raise DamagedDocument(str(path), reasons, cure=cure)

    def beside(self, path: Path, data: bytes, cleanup: ExitStack) -> Path:
        """Write a temporary file beside `path`, which the stack unlinks when it closes; return its path."""
        self.at_step(f"write beside {path.suffix}")
        atomic_files.make_folder(path.parent)
        beside = atomic_files.write_beside(path, data)
        cleanup.callback(beside.unlink, missing_ok=True)
        return beside

    def put(self, beside: Path | None, path: Path) -> None:
        """Rename a temporary file to `path`, flushed to disk; do nothing for None."""
        if beside is None:
            return
        with atomic_files.storage_errors(path.parent):
            self.at_step(f"rename to {path.suffix}")
            beside.replace(path)
            self.at_step(f"sync {path.suffix}")
            atomic_files.sync_folder(path.parent)


def dag_id_of_record(file_name: str) -> str | None:
    """Return the dag_id for the name of a .json, also of one that is being deleted; None for any other name."""
    if file_name.endswith(".json"):
        return file_name[:-5]
    if file_name.startswith(".") and file_name.endswith(f".json{DELETING}"):
        return file_name[1 : -len(f".json{DELETING}")]
    return None


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
    if data is not None and older_plugin_files.is_workflow(data):
        return Inspection(is_there=True, reason=older_plugin_files.REASON)
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
    if older_plugin_files.is_module(data):
        return Inspection(is_there=True, reason=older_plugin_files.REASON)
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
    content = older_plugin_files.json_object(data)
    return {"format", "sha256"} <= content.keys()


def is_sealed(content: bytes, dag_id: str) -> bool:
    """Say whether a file was rendered for this dag_id, from any template, and not changed since."""
    above, newline, last_line = content.removesuffix(b"\n").rpartition(b"\n")
    return runner_template.sealed(above + newline, dag_id) == content if last_line else False


def sealed_dag_id(content: bytes) -> str | None:
    """Return the dag_id that a file was rendered for; None if it was changed since, or is another file."""
    seal = content.rstrip(b"\n").rpartition(b"\n")[2]
    dag_id = seal.removeprefix(b"# ").partition(b":")[0].decode(errors="replace")
    return dag_id if is_sealed(content, dag_id) else None
