"""The file store: <dag_id>.json in dag_generated_configs, and <dag_id>.py, rendered once, in the dags folder.

The .py depends only on the dag_id and the template, so a redeploy is one rename: that of the .json, which is the
record of what is deployed. A first deploy renames the .json first and the .py second. A delete unlinks the .py first
and renames the .json to `.<dag_id>.json.deleting` second. What a crash leaves between two of these steps,
`finish_interrupted` finishes or removes (`interrupted_files.py`).
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Callable, TypeVar

from sqlalchemy import delete, select

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error
from openmetadata_airflow_apis.dagbuild.import_errors import deployment_in, readable
from openmetadata_airflow_apis.dagbuild.stored_document import encode
from openmetadata_airflow_apis.definition.dag_ids import folded, is_name
from openmetadata_airflow_apis.errors import (
    ConfigurationError,
    DamagedDocument,
    ManagedDagsError,
    OutcomeUnknown,
    Unavailable,
)
from openmetadata_airflow_apis.settings import dags_folder
from openmetadata_airflow_apis.stores import atomic_files, runner_template
from openmetadata_airflow_apis.stores.definition_store import ImportFailure, StoreHealth
from openmetadata_airflow_apis.stores.deployed_files import DELETING, DeployedFiles, dag_id_of_record, is_marked
from openmetadata_airflow_apis.stores.differs_in_case import refuse_in_other_case
from openmetadata_airflow_apis.stores.interrupted_files import InterruptedFiles
from openmetadata_airflow_apis.stores.name_locks import HeldElsewhere, locked_file
from openmetadata_airflow_apis.stores.unchanged_files import deployment_of, stored_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import Deployment, Head

Content = TypeVar("Content")
_LOCK_SECONDS = 20.0
_LOCK = ".lock"


def _nothing(step: str) -> None:
    """Do nothing at a step."""


class FileStore:
    """Keeps definitions as files; the port, definition_store.DefinitionStore, says what each method promises.

    at_step: called with a step's name before each step on disk.
    """

    in_database = False

    def __init__(self, settings: Settings, *, at_step: Callable[[str], None] = _nothing) -> None:
        self._files = DeployedFiles(settings.dag_generated_configs, dags_folder(), settings.runner_template(), at_step)
        self._interrupted = InterruptedFiles(self._files)

    @contextmanager
    def locked(self, dag_id: str) -> Iterator[None]:
        """Hold the name by an flock on a file in dag_generated_configs."""
        busy = f"The DAG `{dag_id}` is being deployed or deleted by another request; try again when that is done"
        with self._held(f".{folded(dag_id)}{_LOCK}", busy):
            yield

    @contextmanager
    def locked_bundle(self, bundle_name: str) -> Iterator[None]:
        """Hold the bundle by an flock on a file beside those of the DAGs, whose name no DAG can have."""
        busy = f"The bundle `{bundle_name}` is being applied by another request; try again when that is done"
        with self._held(f".bundle {folded(bundle_name)}{_LOCK}", busy):
            yield

    @contextmanager
    def _held(self, file_name: str, busy: str) -> Iterator[None]:
        with ExitStack() as locks:
            try:
                with atomic_files.storage_errors(self._files.records):
                    atomic_files.make_folder(self._files.records)
                    locks.enter_context(locked_file(self._files.records / file_name, seconds=_LOCK_SECONDS))
            except HeldElsewhere:
                raise Unavailable(busy) from None
            yield

    def heads(self) -> dict[str, Head]:
        """Read the head of each .json, and of each that is being deleted; unchanged files are not read again."""
        heads = {}
        for name in self._files.entries(self._files.records):
            dag_id = dag_id_of_record(name)
            head = stored_head(self._files.records / name) if dag_id is not None and is_name(dag_id) else None
            if dag_id is not None and head is not None:
                heads[dag_id] = head
        return heads

    def fileloc(self, dag_id: str) -> str:
        """Return the path of <dag_id>.py."""
        return str(self._files.module(dag_id))

    def own_fileloc(self, dag_id: str) -> str | None:
        """Return the path of <dag_id>.py."""
        return self.fileloc(dag_id)

    def make_ready(self) -> None:
        """Do nothing: folders are made when they are needed."""

    def dag_ids(self) -> list[str]:
        """Return the names of the .json files in dag_generated_configs, and of our .py files whose .json is lost."""
        records = {name[:-5] for name in self._files.entries(self._files.records) if name.endswith(".json")}
        modules = {name[:-3] for name in self._files.entries(self._files.modules) if name.endswith(".py")} - records
        orphans = {name for name in modules if is_marked(str(self._files.module(name))) and self._files.is_ours(name)}
        return sorted(name for name in records | orphans if is_name(name))

    def dag_ids_page(self, offset: int, limit: int) -> tuple[list[str], int]:
        """Take the page from the names of all DAGs."""
        dag_ids = self.dag_ids()
        return dag_ids[offset : offset + limit], len(dag_ids)

    def interrupted(self) -> set[str]:
        """Return the names with left-over files, and those whose .py differs from what the template renders now."""
        return self._interrupted.dag_ids(self.dag_ids())

    def knows(self, dag_id: str) -> bool:
        """Say whether there is a .json, one being deleted, or a .py that was rendered here."""
        if not is_name(dag_id):
            return False  # `../x` or 250 characters can't be one of our files
        if os.path.lexists(self._files.record(dag_id)) or os.path.lexists(self._files.tombstone(dag_id)):
            return True
        return self._files.is_ours(dag_id)

    def check_configuration(self) -> None:
        """Check the template by rendering an example."""
        runner_template.check(self._files.template, self._files.records)

    def health(self) -> StoreHealth:
        """Say whether both folders can be written or made, and whether the template renders DAG files."""
        dag_files = _is_writable(self._files.modules)
        try:
            self.check_configuration()
        except ConfigurationError:
            dag_files = False
        return StoreHealth(definitions=_is_writable(self._files.records), dag_files=dag_files)

    def read(self, dag_id: str) -> StoredDocument | None:
        """Read <dag_id>.json after checking that it and <dag_id>.py are ours and unchanged."""
        if not is_name(dag_id):
            return None
        record, module = self._files.inspect(dag_id)
        if not record.is_there:
            if not module.is_ours:
                return None
            if module.reason is None:
                cure = "deploy the workflow again, or delete the DAG"
                reason = f"is missing, but {self._files.module(dag_id)} is there"
                raise DamagedDocument(str(self._files.record(dag_id)), reason, cure=cure)
        self._files.refuse_damage(dag_id, record, module)
        return record.document

    def read_many(self, dag_ids: Iterable[str]) -> tuple[dict[str, StoredDocument], dict[str, ManagedDagsError]]:
        """Read one DAG after the other."""
        return _each(dag_ids, self.read)

    def deployments(
        self, dag_ids: Iterable[str]
    ) -> tuple[dict[str, Deployment | StoredDocument], dict[str, ManagedDagsError]]:
        """Read one DAG after the other, except those whose files this process has read and that are unchanged."""
        records, modules = str(self._files.records), str(self._files.modules)
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
        """Return the import errors that Airflow keeps of each <dag_id>.py."""
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
        """Select all files with an import error; these are fewer than the DAGs."""
        failing = set(session.scalars(select(parse_import_error().filename)))
        return [dag_id for dag_id in dag_ids if self.fileloc(dag_id) in failing]

    def forget_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> None:
        """Delete the import errors that Airflow keeps of each <dag_id>.py."""
        error = parse_import_error()
        session.execute(
            delete(error)
            .where(error.filename.in_([self.fileloc(dag_id) for dag_id in dag_ids]))
            .execution_options(synchronize_session=False)
        )

    def parses(self, dag_id: str, *, session: Session) -> None:
        """Return None: all hosts have the same files, so Airflow's rows say whether these were parsed."""

    def has_dag_file(self, dag_id: str) -> bool:
        """Say whether there is a <dag_id>.py."""
        return os.path.lexists(self._files.module(dag_id))

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Read <dag_id>.json after checking that it and <dag_id>.py are ours, by hash and by seal."""
        folded_dag_id = folded(dag_id)
        for entry in self._files.entries(self._files.records):
            name = entry[1 : -len(DELETING)] if entry.endswith(DELETING) else entry
            if name.endswith(".json") and folded(name[:-5]) == folded_dag_id:
                refuse_in_other_case(dag_id, name[:-5])
        record, module = self._files.inspect(dag_id)
        self._files.refuse_damage(dag_id, record, module)
        return record.document

    def write(self, document: StoredDocument) -> None:
        """Write temporary files and rename them; the .py only if it differs."""
        dag_id = document.dag_id
        record, module = self._files.record(dag_id), self._files.module(dag_id)
        text = self._files.rendered(dag_id)
        with ExitStack() as cleanup:
            with atomic_files.storage_errors(self._files.modules):
                module_beside = None
                if atomic_files.read_bytes(module) != text:
                    module_beside = self._files.beside(module, text, cleanup)
            with atomic_files.storage_errors(self._files.records):
                record_beside = self._files.beside(record, encode(document), cleanup)
            if os.path.lexists(record):
                # The .py fits the old definition as well as the new one; the record is renamed last and decides.
                self._files.put(module_beside, module)
                self._files.put(record_beside, record)
                return
            self._files.put(record_beside, record)
            try:
                self._files.put(module_beside, module)
            except Unavailable:
                with suppress(OSError):
                    record.unlink()
                    atomic_files.sync_folder(self._files.records)
                raise

    def take_back(self, dag_id: str, previous: StoredDocument | None) -> None:
        """Write the files of `previous`, or unlink both."""
        if previous is not None:
            self.write(previous)
        else:
            self.take_away(dag_id)

    def write_rows(self, document: StoredDocument, *, session: Session) -> None:
        """Do nothing: `write` wrote the files."""

    def remove_rows(self, dag_id: str, *, session: Session) -> None:
        """Do nothing: `removing` removes the files."""

    @contextmanager
    def removing(self, dag_id: str) -> Iterator[None]:
        """Unlink the .py and rename the .json; after the block, unlink the renamed .json, or undo both if it failed."""
        record, module = self._files.record(dag_id), self._files.module(dag_id)
        with atomic_files.storage_errors(self._files.modules):
            text = atomic_files.read_bytes(module)
        try:
            with atomic_files.storage_errors(self._files.modules):
                self._files.at_step("unlink the .py")
                module.unlink(missing_ok=True)
                if text is not None:
                    atomic_files.sync_folder(self._files.modules)
            if os.path.lexists(record):
                self._files.put(record, self._files.tombstone(dag_id))
            yield
        except OutcomeUnknown:
            raise
        except BaseException:
            self._interrupted.undo_removal(dag_id, text)
            raise
        self.end_removal(dag_id)

    def finish_interrupted(self, dag_id: str) -> bool:
        """Unlink temporary files; render a missing .py; unlink the .py of a removal that has begun."""
        return self._interrupted.finish(dag_id)

    def end_removal(self, dag_id: str) -> None:
        """Unlink .<dag_id>.json.deleting."""
        self._interrupted.end_removal(dag_id)

    def take_away(self, dag_id: str) -> None:
        """Unlink the .py, then the .json, of a DAG that is in the other store now or whose first deploy is undone."""
        for path in (self._files.module(dag_id), self._files.record(dag_id)):
            with atomic_files.storage_errors(path.parent):
                self._files.at_step(f"take away {path.suffix}")
                path.unlink(missing_ok=True)
                atomic_files.sync_folder(path.parent)

    def dismantle(self) -> None:
        """Unlink the lock files that a crash has left, and remove dag_generated_configs if it is then empty."""
        names = self._files.entries(self._files.records)
        if not names and not self._files.records.is_dir():
            return
        with atomic_files.storage_errors(self._files.records):
            for name in names:
                if name.startswith(".") and name.endswith(_LOCK):
                    with suppress(HeldElsewhere), locked_file(self._files.records / name, seconds=0):
                        pass  # leaving the block unlinks it
            with suppress(OSError):  # it has files of somebody else, or is the mount point of a volume
                self._files.records.rmdir()


def _each(
    dag_ids: Iterable[str], read: Callable[[str], Content | None]
) -> tuple[dict[str, Content], dict[str, ManagedDagsError]]:
    """Call `read` for each DAG; return the contents, and the errors of those for which it raised."""
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


def _is_writable(folder: Path) -> bool:
    """Say whether files can be written to a folder, or the folder can be made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK) and folder.is_dir()
