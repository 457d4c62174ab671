"""The file store: <dag_id>.json in dag_generated_configs, and <dag_id>.py, rendered once, in the dags folder.

The .py depends on the dag_id and the template alone, so that a redeploy is one rename: that of the .json,
which is the record of what is deployed. A first deploy renames the .json first and the .py second; a delete
unlinks the .py first and turns the .json into `.<dag_id>.json.deleting` second. Whatever a crash leaves
between two of these steps, `finish_interrupted` completes or sweeps.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.dagbuild.stored_document import decode, encode
from openmetadata_airflow_apis.definition.dag_ids import is_name
from openmetadata_airflow_apis.errors import (
    MEND_BY_HAND,
    ConfigurationError,
    DamagedDocument,
    NotDeployedHere,
    Unavailable,
)
from openmetadata_airflow_apis.settings import dags_folder
from openmetadata_airflow_apis.stores import atomic_files, rendered_module, runner_template
from openmetadata_airflow_apis.stores.definition_store import StoreHealth
from openmetadata_airflow_apis.stores.name_locks import HeldElsewhere, locked_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings

_LOCK_SECONDS = 20.0
_DELETING = ".deleting"


def _nothing(step: str) -> None:
    """Do nothing at a step."""


class FileStore:
    """Keeps definitions as files; the port, definition_store.DefinitionStore, says what each method promises.

    at_step: called with the name of each step on disk before it is taken.
    """

    def __init__(self, settings: Settings, *, at_step: Callable[[str], None] = _nothing) -> None:
        self._template = settings.runner_template()
        self._records = settings.dag_generated_configs
        self._modules = dags_folder()
        self._at_step = at_step

    @contextmanager
    def locked(self, dag_id: str) -> Iterator[None]:
        """Hold the name by an flock on a file in dag_generated_configs."""
        with ExitStack() as held:
            try:
                with atomic_files.storage_errors(self._records):
                    atomic_files.make_folder(self._records)
                    lock = self._records / f".{dag_id.lower()}.lock"
                    held.enter_context(locked_file(lock, seconds=_LOCK_SECONDS))
            except HeldElsewhere:
                raise Unavailable(
                    f"The DAG `{dag_id}` is being deployed or deleted by another request; try again when that is done"
                ) from None
            yield

    def fileloc(self, dag_id: str) -> str:
        """Return the path of <dag_id>.py."""
        return str(self._module(dag_id))

    def dag_ids(self) -> list[str]:
        """Return the names of the .json files in dag_generated_configs, sorted."""
        names = (name[:-5] for name in self._entries(self._records) if name.endswith(".json"))
        return sorted(name for name in names if is_name(name))

    def interrupted(self) -> set[str]:
        """Return the names with left-over files, and those whose .py is not what the template renders now."""
        file_names = self._entries(self._records) + self._entries(self._modules)
        left_over = {dag_id for dag_id in map(_dag_id_of_left_over, file_names) if dag_id and is_name(dag_id)}
        return left_over | {dag_id for dag_id in self.dag_ids() if self._module_is_stale(dag_id)}

    def knows(self, dag_id: str) -> bool:
        """Say whether there is a .json, one being deleted, or a .py that was rendered here."""
        if not is_name(dag_id):
            return False  # `../x` or 250 characters make no file of ours
        if self._record(dag_id).exists() or self._tombstone(dag_id).exists():
            return True
        with atomic_files.storage_errors(self._modules), suppress(NotDeployedHere):
            module = self._read_regular(self._module(dag_id), dag_id)
            return module is not None and rendered_module.is_sealed(module, dag_id)
        return False

    def check_configuration(self) -> None:
        """Render the template for an example."""
        runner_template.check(self._template, self._records)

    def health(self) -> StoreHealth:
        """Say whether both folders can be written, or made, and the template makes DAG files."""
        dag_files = _is_writable(self._modules)
        try:
            self.check_configuration()
        except ConfigurationError:
            dag_files = False
        return StoreHealth(definitions=_is_writable(self._records), dag_files=dag_files)

    def read(self, dag_id: str) -> StoredDocument | None:
        """Read <dag_id>.json."""
        if not is_name(dag_id):
            return None
        path = self._record(dag_id)
        try:
            with atomic_files.storage_errors(self._records):
                data = self._read_regular(path)
        except NotDeployedHere:
            raise DamagedDocument(str(path), "is not a regular file") from None
        if data is None:
            return None
        document = decode(data, str(path))
        if document.dag_id != dag_id:
            raise DamagedDocument(str(path), f"holds the DAG `{document.dag_id}`")
        return document

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Read <dag_id>.json after checking that it and <dag_id>.py are ours, by hash and by seal."""
        folded = dag_id.lower()
        for other in self._entries(self._records):
            name = other[1 : -len(_DELETING)] if other.endswith(_DELETING) else other
            if name.endswith(".json") and name[:-5] != dag_id and name[:-5].lower() == folded:
                raise NotDeployedHere(dag_id, f"{self._records / name} is another DAG's, which differs in case alone")
        try:
            document = self.read(dag_id)
        except DamagedDocument as damage:
            raise NotDeployedHere(dag_id, f"{damage.path}: {damage.reason}", cure=MEND_BY_HAND) from None
        with atomic_files.storage_errors(self._modules):
            module = self._read_regular(self._module(dag_id), dag_id)
        if module is not None and not rendered_module.is_sealed(module, dag_id):
            place = f"{self._module(dag_id)} was not written by it, or was changed by hand"
            raise NotDeployedHere(dag_id, place, cure=MEND_BY_HAND)
        return document

    def write(self, document: StoredDocument) -> None:
        """Write both files beside their places, then rename: the .py only where it differs."""
        dag_id = document.dag_id
        record, module = self._record(dag_id), self._module(dag_id)
        text = self._rendered(dag_id)
        with ExitStack() as besides:
            with atomic_files.storage_errors(self._modules):
                module_beside = None
                if atomic_files.read_bytes(module) != text:
                    module_beside = self._beside(module, text, besides)
            with atomic_files.storage_errors(self._records):
                record_beside = self._beside(record, encode(document), besides)
            if record.exists():
                # The .py serves the old definition as well as the new one: the record comes last and decides.
                self._put(module_beside, module)
                self._put(record_beside, record)
                return
            self._put(record_beside, record)
            try:
                self._put(module_beside, module)
            except Unavailable:
                with suppress(OSError):
                    record.unlink()
                    atomic_files.sync_folder(self._records)
                raise

    @contextmanager
    def removing(self, dag_id: str) -> Iterator[None]:
        """Unlink the .py and rename the .json, for good when the block ends without an error."""
        record, module = self._record(dag_id), self._module(dag_id)
        with atomic_files.storage_errors(self._modules):
            text = atomic_files.read_bytes(module)
        try:
            with atomic_files.storage_errors(self._modules):
                self._at_step("unlink the .py")
                module.unlink(missing_ok=True)
                if text is not None:
                    atomic_files.sync_folder(self._modules)
            if record.exists():
                self._put(record, self._tombstone(dag_id))
            yield
        except BaseException:
            self._bring_back(dag_id, text)
            raise
        self.end_removal(dag_id)

    def finish_interrupted(self, dag_id: str) -> bool:
        """Unlink what was written beside; render a missing .py; end a removal that was begun."""
        record, module = self._record(dag_id), self._module(dag_id)
        with atomic_files.storage_errors(self._records):
            for path in atomic_files.left_beside(record):
                path.unlink(missing_ok=True)
            removal_begun = self._tombstone(dag_id).exists()
        with atomic_files.storage_errors(self._modules):
            for path in atomic_files.left_beside(module):
                path.unlink(missing_ok=True)
            if removal_begun:
                module.unlink(missing_ok=True)
        if not removal_begun and self._module_is_stale(dag_id):
            with ExitStack() as besides, atomic_files.storage_errors(self._modules):
                self._put(self._beside(module, self._rendered(dag_id), besides), module)
        return removal_begun

    def end_removal(self, dag_id: str) -> None:
        """Unlink .<dag_id>.json.deleting."""
        self._at_step("unlink the .deleting")
        with suppress(OSError):  # what stays is swept by the next refresh, deploy or delete
            self._tombstone(dag_id).unlink(missing_ok=True)
            atomic_files.sync_folder(self._records)

    def _bring_back(self, dag_id: str, text: bytes | None) -> None:
        record, module = self._record(dag_id), self._module(dag_id)
        tombstone = self._tombstone(dag_id)
        with suppress(OSError, Unavailable):  # the caller's own error says more; what stays is finished later
            if tombstone.exists():
                self._put(tombstone, record)
            if text is not None and not module.exists():
                with ExitStack() as besides:
                    self._put(self._beside(module, text, besides), module)

    def _beside(self, path: Path, data: bytes, besides: ExitStack) -> Path:
        self._at_step(f"write beside {path.suffix}")
        atomic_files.make_folder(path.parent)
        beside = atomic_files.write_beside(path, data)
        besides.callback(beside.unlink, missing_ok=True)
        return beside

    def _put(self, beside: Path | None, path: Path) -> None:
        if beside is None:
            return
        with atomic_files.storage_errors(path.parent):
            self._at_step(f"rename to {path.suffix}")
            beside.replace(path)
            self._at_step(f"sync {path.suffix}")
            atomic_files.sync_folder(path.parent)

    def _module_is_stale(self, dag_id: str) -> bool:
        """Say whether a deployed DAG's .py is missing, or ours and not what the template renders now."""
        if not self._record(dag_id).exists():
            return False
        with atomic_files.storage_errors(self._modules):
            try:
                module = self._read_regular(self._module(dag_id), dag_id)
            except NotDeployedHere:
                return False
        if module is None:
            return True
        return rendered_module.is_sealed(module, dag_id) and module != self._rendered(dag_id)

    def _rendered(self, dag_id: str) -> bytes:
        return rendered_module.render(self._template, dag_id, self._record(dag_id))

    def _read_regular(self, path: Path, dag_id: str = "") -> bytes | None:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise NotDeployedHere(dag_id, f"{path} is not a regular file")
        return atomic_files.read_bytes(path)

    def _entries(self, folder: Path) -> list[str]:
        with atomic_files.storage_errors(folder):
            try:
                return [path.name for path in folder.iterdir()]
            except FileNotFoundError:
                return []  # the first deploy makes it

    def _record(self, dag_id: str) -> Path:
        return self._records / f"{dag_id}.json"

    def _module(self, dag_id: str) -> Path:
        return self._modules / f"{dag_id}.py"

    def _tombstone(self, dag_id: str) -> Path:
        return self._records / f".{dag_id}.json{_DELETING}"


def _dag_id_of_left_over(file_name: str) -> str | None:
    """Return the dag_id of a file that an interrupted deploy or delete left, None for any other file."""
    if file_name.startswith(".") and file_name.endswith(f".json{_DELETING}"):
        return file_name[1 : -len(f".json{_DELETING}")]
    target = atomic_files.written_beside(file_name)
    return Path(target).stem if target and Path(target).suffix in (".json", ".py") else None


def _is_writable(folder: Path) -> bool:
    """Say whether files can be written to a folder, or the folder can be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
