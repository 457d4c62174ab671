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
from typing import TYPE_CHECKING, Callable, TypeVar

from sqlalchemy import delete, select

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.conflicts import DiffersInCase, NotDeployedHere
from openmetadata_airflow_apis.dagbuild.import_errors import deployment_in, readable
from openmetadata_airflow_apis.dagbuild.stored_document import encode
from openmetadata_airflow_apis.definition.dag_ids import is_name
from openmetadata_airflow_apis.errors import (
    ConfigurationError,
    DamagedDocument,
    ManagedDagsError,
    OutcomeUnknown,
    Unavailable,
)
from openmetadata_airflow_apis.settings import dags_folder
from openmetadata_airflow_apis.stores import atomic_files, rendered_module, runner_template
from openmetadata_airflow_apis.stores.definition_store import ImportFailure, StoreHealth
from openmetadata_airflow_apis.stores.file_inspection import Inspection, inspect_module, inspect_record, is_marked
from openmetadata_airflow_apis.stores.name_locks import HeldElsewhere, locked_file
from openmetadata_airflow_apis.stores.seen_deployments import deployment_of
from openmetadata_airflow_apis.stores.stored_heads import stored_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import Deployment, Head

Content = TypeVar("Content")
_LOCK_SECONDS = 20.0
_DELETING = ".deleting"
_LOCK = ".lock"


def _nothing(step: str) -> None:
    """Do nothing at a step."""


class FileStore:
    """Keeps definitions as files; the port, definition_store.DefinitionStore, says what each method promises.

    at_step: called with the name of each step on disk before it is taken.
    """

    in_database = False

    def __init__(self, settings: Settings, *, at_step: Callable[[str], None] = _nothing) -> None:
        self._template = settings.runner_template()
        self._records = settings.dag_generated_configs
        self._modules = dags_folder()
        self._at_step = at_step

    @contextmanager
    def locked(self, dag_id: str) -> Iterator[None]:
        """Hold the name by an flock on a file in dag_generated_configs."""
        busy = f"The DAG `{dag_id}` is being deployed or deleted by another request; try again when that is done"
        with self._held(f".{dag_id.lower()}{_LOCK}", busy):
            yield

    @contextmanager
    def locked_bundle(self, bundle_name: str) -> Iterator[None]:
        """Hold the bundle by an flock on a file beside the DAGs', whose name no DAG has."""
        busy = f"The bundle `{bundle_name}` is being applied by another request; try again when that is done"
        with self._held(f".bundle {bundle_name.lower()}{_LOCK}", busy):
            yield

    @contextmanager
    def _held(self, file_name: str, busy: str) -> Iterator[None]:
        with ExitStack() as held:
            try:
                with atomic_files.storage_errors(self._records):
                    atomic_files.make_folder(self._records)
                    held.enter_context(locked_file(self._records / file_name, seconds=_LOCK_SECONDS))
            except HeldElsewhere:
                raise Unavailable(busy) from None
            yield

    def heads(self) -> dict[str, Head]:
        """Read it from each .json, and from those that are being deleted, unless they are as they were last time."""
        heads = {}
        for name in self._entries(self._records):
            dag_id = _dag_id_of_record(name)
            head = stored_head(self._records / name) if dag_id is not None and is_name(dag_id) else None
            if dag_id is not None and head is not None:
                heads[dag_id] = head
        return heads

    def fileloc(self, dag_id: str) -> str:
        """Return the path of <dag_id>.py."""
        return str(self._module(dag_id))

    def own_fileloc(self, dag_id: str) -> str | None:
        """Return the path of <dag_id>.py."""
        return self.fileloc(dag_id)

    def make_ready(self) -> None:
        """Do nothing: folders are made when they are needed."""

    def dag_ids(self) -> list[str]:
        """Return the names of the .json files in dag_generated_configs, and of our .py files that have lost theirs."""
        records = {name[:-5] for name in self._entries(self._records) if name.endswith(".json")}
        modules = {name[:-3] for name in self._entries(self._modules) if name.endswith(".py")} - records
        orphans = {name for name in modules if is_marked(str(self._module(name))) and self._is_ours(name)}
        return sorted(name for name in records | orphans if is_name(name))

    def dag_ids_page(self, offset: int, limit: int) -> tuple[list[str], int]:
        """Cut it from the names of all."""
        dag_ids = self.dag_ids()
        return dag_ids[offset : offset + limit], len(dag_ids)

    def interrupted(self) -> set[str]:
        """Return the names with left-over files, and those whose .py is not what the template renders now."""
        file_names = self._entries(self._records) + self._entries(self._modules)
        left_over = {dag_id for dag_id in map(_dag_id_of_left_over, file_names) if dag_id and is_name(dag_id)}
        return left_over | {dag_id for dag_id in self.dag_ids() if self._module_is_stale(dag_id)}

    def knows(self, dag_id: str) -> bool:
        """Say whether there is a .json, one being deleted, or a .py that was rendered here."""
        if not is_name(dag_id):
            return False  # `../x` or 250 characters make no file of ours
        if os.path.lexists(self._record(dag_id)) or os.path.lexists(self._tombstone(dag_id)):
            return True
        return self._is_ours(dag_id)

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
        """Read <dag_id>.json after checking that it and <dag_id>.py are ours and as they were written."""
        if not is_name(dag_id):
            return None
        record, module = self._inspect(dag_id)
        if not record.is_there:
            if not module.is_ours:
                return None
            if module.reason is None:
                cure = "deploy the workflow again, or delete the DAG"
                reason = f"is missing, but {self._module(dag_id)} is there"
                raise DamagedDocument(str(self._record(dag_id)), reason, cure=cure)
        self._refuse_damage(dag_id, record, module)
        return record.document

    def read_many(self, dag_ids: Iterable[str]) -> tuple[dict[str, StoredDocument], dict[str, ManagedDagsError]]:
        """Read one after the other."""
        return _each(dag_ids, self.read)

    def deployments(
        self, dag_ids: Iterable[str]
    ) -> tuple[dict[str, Deployment | StoredDocument], dict[str, ManagedDagsError]]:
        """Read what has changed since this process read it last, one after the other."""
        records, modules = str(self._records), str(self._modules)
        return _each(
            dag_ids,
            lambda dag_id: deployment_of(
                f"{records}/{dag_id}.json", f"{modules}/{dag_id}.py", lambda: self.read(dag_id)
            ),
        )

    def without_dag_file(self, dag_ids: Iterable[str]) -> set[str]:
        """Return those that have no <dag_id>.py."""
        return {dag_id for dag_id in dag_ids if not self.has_dag_file(dag_id)}

    def import_errors(self, dag_ids: Iterable[str], *, session: Session) -> dict[str, ImportFailure]:
        """Return what Airflow keeps of the errors of each <dag_id>.py."""
        dag_id_of = {self.fileloc(dag_id): dag_id for dag_id in dag_ids}
        error = parse_import_error()
        rows = session.execute(
            select(error.filename, error.stacktrace, error.timestamp).where(error.filename.in_(list(dag_id_of)))
        )
        return {
            dag_id_of[row.filename]: ImportFailure(
                readable(row.stacktrace), row.timestamp, deployment_in(row.stacktrace or "")
            )
            for row in rows
        }

    def with_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> list[str]:
        """Ask Airflow for all files with an error: their names are fewer and shorter than those of all DAGs."""
        failing = set(session.scalars(select(parse_import_error().filename)))
        return [dag_id for dag_id in dag_ids if self.fileloc(dag_id) in failing]

    def forget_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> None:
        """Delete what Airflow keeps of the errors of each <dag_id>.py."""
        error = parse_import_error()
        session.execute(
            delete(error)
            .where(error.filename.in_([self.fileloc(dag_id) for dag_id in dag_ids]))
            .execution_options(synchronize_session=False)
        )

    def parses(self, dag_id: str, *, session: Session) -> None:
        """Return None: all hosts have the same files, and Airflow's rows say what was made of them."""

    def has_dag_file(self, dag_id: str) -> bool:
        """Say whether there is a <dag_id>.py."""
        return os.path.lexists(self._module(dag_id))

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Read <dag_id>.json after checking that it and <dag_id>.py are ours, by hash and by seal."""
        folded = dag_id.lower()
        for other in self._entries(self._records):
            name = other[1 : -len(_DELETING)] if other.endswith(_DELETING) else other
            if name.endswith(".json") and name[:-5] != dag_id and name[:-5].lower() == folded:
                raise DiffersInCase(dag_id, name[:-5])
        record, module = self._inspect(dag_id)
        self._refuse_damage(dag_id, record, module)
        return record.document

    def _inspect(self, dag_id: str) -> tuple[Inspection, Inspection]:
        return inspect_record(self._record(dag_id), dag_id), inspect_module(self._module(dag_id), dag_id)

    def _refuse_damage(self, dag_id: str, record: Inspection, module: Inspection) -> None:
        """Raise what is wrong with the two files, both in one sentence: whoever mends one is not sent for the other."""
        places = ((self._record(dag_id), record), (self._module(dag_id), module))
        faults = [(path, file) for path, file in places if file.reason is not None]
        if not faults:
            return
        path, first = faults[0]
        words = f"{first.reason}" if len(faults) == 1 else f"{first.reason}, and {faults[1][0]} {faults[1][1].reason}"
        them = "the file" if len(faults) == 1 else "both files"
        if not (record.is_ours or module.is_ours):
            cure = f"move {them} away and deploy the workflow here, or deploy under another name"
            raise NotDeployedHere(dag_id, f"{path} {words}", cure=cure)
        if len(faults) == 1 and first.cure is not None:
            cure = first.cure
        elif record.document is not None:
            cure = "move the file away and refresh, which writes it again, or put back what was deployed"
        else:
            cure = f"move {them} away and deploy the workflow again, or put back what was deployed"
        raise DamagedDocument(str(path), words, cure=cure)

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

    def take_back(self, dag_id: str, previous: StoredDocument | None) -> None:
        """Write the files of before, or unlink both."""
        if previous is not None:
            self.write(previous)
        else:
            self.take_away(dag_id)

    def write_rows(self, document: StoredDocument, *, session: Session) -> None:
        """Do nothing: `write` has written the files."""

    def remove_rows(self, dag_id: str, *, session: Session) -> None:
        """Do nothing: `removing` takes the files away."""

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
        except OutcomeUnknown:
            raise
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
            removal_begun = self._removal_begun(dag_id)
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

    def take_away(self, dag_id: str) -> None:
        """Unlink the .py, then the .json: of a DAG that is in another store by now, or was never deployed."""
        for path in (self._module(dag_id), self._record(dag_id)):
            with atomic_files.storage_errors(path.parent):
                self._at_step(f"take away {path.suffix}")
                path.unlink(missing_ok=True)
                atomic_files.sync_folder(path.parent)

    def dismantle(self) -> None:
        """Unlink the lock files that a crash has left, and remove dag_generated_configs where nothing else is there."""
        names = self._entries(self._records)
        if not names and not self._records.is_dir():
            return
        with atomic_files.storage_errors(self._records):
            for name in names:
                if name.startswith(".") and name.endswith(_LOCK):
                    with suppress(HeldElsewhere), locked_file(self._records / name, seconds=0):
                        pass  # it is unlinked by its holder
            with suppress(OSError):  # somebody else's files are in it, or it is where a volume is mounted
                self._records.rmdir()

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

    def _is_ours(self, dag_id: str) -> bool:
        return inspect_module(self._module(dag_id), dag_id).is_ours

    def _removal_begun(self, dag_id: str) -> bool:
        tombstone = self._tombstone(dag_id)
        if not os.path.lexists(tombstone):
            return False
        if tombstone.is_symlink() or not tombstone.is_file():
            raise DamagedDocument(str(tombstone), "is not a regular file", cure="move it away and try again")
        if os.path.lexists(self._record(dag_id)):  # no removal leaves both: what is deployed stays
            tombstone.unlink(missing_ok=True)
            return False
        return True

    def _module_is_stale(self, dag_id: str) -> bool:
        """Say whether the .py of a sound .json is missing, or ours and not what the template renders now."""
        path = self._module(dag_id)
        try:
            module = inspect_module(path, dag_id)
            if module.reason is not None:
                return False
            if module.is_there and atomic_files.read_bytes(path) == self._rendered(dag_id):
                return False
            return inspect_record(self._record(dag_id), dag_id).document is not None
        except (OSError, Unavailable):  # told by whoever reads it
            return False

    def _rendered(self, dag_id: str) -> bytes:
        return rendered_module.render(self._template, dag_id, self._record(dag_id))

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


def _each(
    dag_ids: Iterable[str], read: Callable[[str], Content | None]
) -> tuple[dict[str, Content], dict[str, ManagedDagsError]]:
    """Return what there is of each DAG, and what was raised of the others."""
    contents: dict[str, Content] = {}
    refused: dict[str, ManagedDagsError] = {}
    for dag_id in dag_ids:
        try:
            content = read(dag_id)
        except ManagedDagsError as error:
            refused[dag_id] = error
        else:
            if content is not None:  # deleted since the names were read
                contents[dag_id] = content
    return contents, refused


def _dag_id_of_record(file_name: str) -> str | None:
    """Return the dag_id of a .json, or of one that is being deleted, None for any other file."""
    if file_name.endswith(".json"):
        return file_name[:-5]
    if file_name.startswith(".") and file_name.endswith(f".json{_DELETING}"):
        return file_name[1 : -len(f".json{_DELETING}")]
    return None


def _dag_id_of_left_over(file_name: str) -> str | None:
    """Return the dag_id of a file that an interrupted deploy or delete left, None for any other file."""
    if file_name.endswith(_DELETING):
        return _dag_id_of_record(file_name)
    target = atomic_files.written_beside(file_name)
    return Path(target).stem if target and Path(target).suffix in (".json", ".py") else None


def _is_writable(folder: Path) -> bool:
    """Say whether files can be written to a folder, or the folder can be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
