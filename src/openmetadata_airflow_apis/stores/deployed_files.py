"""The two files of a deployed DAG: their paths, how they are written, and whether they were changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.conflicts import NotDeployedHere
from openmetadata_airflow_apis.errors import DamagedDocument
from openmetadata_airflow_apis.stores import atomic_files, rendered_module
from openmetadata_airflow_apis.stores.file_inspection import Inspection, inspect_module, inspect_record

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path


DELETING = ".deleting"


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
        return rendered_module.render(self.template, dag_id, self.record(dag_id))

    def inspect(self, dag_id: str) -> tuple[Inspection, Inspection]:
        """Return the inspections of the .json and of the .py."""
        return inspect_record(self.record(dag_id), dag_id), inspect_module(self.module(dag_id), dag_id)

    def is_ours(self, dag_id: str) -> bool:
        """Say whether the .py was rendered here."""
        return inspect_module(self.module(dag_id), dag_id).is_ours

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
