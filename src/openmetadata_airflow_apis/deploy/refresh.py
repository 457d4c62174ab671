"""Brings Airflow's database up to date with what is deployed, and asks for a parse of every file of the dags folder."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow.serialization.serialized_objects import SerializedDAG
from airflow.utils.file import list_py_file_paths

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.airflow_versions.dag_parsing import parsing_requests, request_parsing
from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag
from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.deploy.dag_rows import Version, write_permissions, write_rows
from openmetadata_airflow_apis.deploy.deletion import finish_interrupted
from openmetadata_airflow_apis.deploy.deployment_state import PENDING, rows_of
from openmetadata_airflow_apis.deploy.new_versions import prune, record_missing, unrecorded
from openmetadata_airflow_apis.deploy.row_ownership import refuse_what_is_not_ours
from openmetadata_airflow_apis.deploy.validation import needs_parse
from openmetadata_airflow_apis.errors import ManagedDagsError, Unavailable
from openmetadata_airflow_apis.own_tables import check_tables
from openmetadata_airflow_apis.settings import dags_folder
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import COLLISIONS, database_errors, in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_BATCH = 50
_REQUESTS = 500


@dataclass(frozen=True)
class Unrefreshed:
    """A DAG that is deployed here and could not be brought up to date."""

    dag_id: str
    reason: str


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    refreshed: how many deployed DAGs are up to date in Airflow's database, or will be after the requested parse if
    only the DAG processor can build them. repaired: the dag_ids among them whose rows were not up to date. requested:
    how many files the DAG processor was asked to parse; 0 if the Airflow version takes no such requests. failed: the
    deployed DAGs that could not be brought up to date. dry_run: nothing was changed; the other fields say what would
    have been.
    """

    refreshed: int
    repaired: tuple[str, ...]
    requested: int
    failed: tuple[Unrefreshed, ...]
    dry_run: bool = False


def refresh_all_dags(
    *,
    dry_run: bool = False,
    user: str,
    settings: Settings,
    session: Session,
    store: DefinitionStore | None = None,
) -> Refreshed:
    """Finish what crashes have interrupted, repair the rows of what is deployed, and ask for a parse of every DAG file.

    Imports nothing from the dags folder. Commits the session. Raises Unavailable.
    dry_run: write nothing, and return what would be done, without the interrupted changes: their outcome shows only
    when they are finished.
    """
    store = store or open_store(settings)
    refresh = _Refresh(store, user, settings, session)
    with database_errors("Airflow's database does not answer; try again later"):
        check_tables(version_rows.TABLE, session=session)
        if dry_run:
            refresh.plan()
            requested = len(_dag_files()) if parsing_requests() is not None else 0
        else:
            refresh.finish_interrupted()
            refresh.repair()
            prune(settings, session=session)
            requested = _request_all(session=session)
    return Refreshed(
        refreshed=len(set(store.dag_ids()) - set(refresh.failed)),
        repaired=tuple(sorted(refresh.behind - set(refresh.failed))),
        requested=requested,
        failed=tuple(Unrefreshed(dag_id, reason) for dag_id, reason in sorted(refresh.failed.items())),
        dry_run=dry_run,
    )


class _Refresh:
    def __init__(self, store: DefinitionStore, user: str, settings: Settings, session: Session) -> None:
        self.store = store
        self.user = user
        self.settings = settings
        self.session = session
        self.behind: set[str] = set()
        self.failed: dict[str, str] = {}

    def plan(self) -> None:
        """Note which DAGs repair() would write, and why it would fail for some."""
        for dag_id in self._behind(self._documents(self.store.dag_ids())):
            try:
                for version in self._version(dag_id):
                    if version.dag is not None:
                        SerializedDAG.to_dict(version.dag)
            except Exception as error:  # noqa: BLE001 - as in _write
                self.failed[dag_id] = _reason(error)
        self.session.rollback()

    def finish_interrupted(self) -> None:
        for dag_id in sorted(self.store.interrupted()):
            try:
                with self.store.locked(dag_id):
                    finish_interrupted(dag_id, self.store, session=self.session)
            except ManagedDagsError as error:
                self.failed[dag_id] = str(error)

    def repair(self) -> None:
        """Write the rows of pending DAGs, many in one transaction, and the versions that are not recorded."""
        documents = self._documents(self.store.dag_ids())
        behind = self._behind(documents)
        revisions = {dag_id: document.revision for dag_id, document in documents.items()}
        self.failed.update(
            record_missing(unrecorded(revisions, session=self.session), self.store, session=self.session)
        )
        for start in range(0, len(behind), _BATCH):
            batch = behind[start : start + _BATCH]
            if not self._write(batch):
                for dag_id in batch:  # one by one, so that a bad one does not stop the others
                    self._write([dag_id])

    def _documents(self, dag_ids: list[str]) -> dict[str, StoredDocument]:
        documents, refused = self.store.read_many(dag_ids)
        self.failed.update({dag_id: str(error) for dag_id, error in refused.items()})
        return documents

    def _behind(self, documents: dict[str, StoredDocument]) -> list[str]:
        """Return the DAGs whose rows are not of what is deployed, in the order in which they are locked."""
        rows = rows_of(documents, self.store, session=self.session)
        self.session.commit()
        self.behind = {dag_id for dag_id, document in documents.items() if rows[dag_id].state(document) == PENDING}
        return sorted(self.behind, key=folded)

    def _write(self, dag_ids: list[str]) -> bool:
        """Write the rows of some DAGs; return False if one of several failed, and so none was written."""
        with ExitStack() as locks:
            versions = []
            for dag_id in dag_ids:
                try:
                    locks.enter_context(self.store.locked(dag_id))
                    versions += self._version(dag_id)
                except ManagedDagsError as error:
                    self.failed[dag_id] = str(error)
            if not versions:
                return True
            try:
                self._commit(versions)
            except Unavailable as error:
                self.failed.update(dict.fromkeys(dag_ids, str(error)))
            except Exception as error:  # noqa: BLE001 - serializing runs operators' code, which may raise anything
                if len(dag_ids) > 1:
                    return False
                self.failed[dag_ids[0]] = _reason(error)
        return True

    def _version(self, dag_id: str) -> list[Version]:
        document = self.store.claim(dag_id)
        if document is None:
            return []
        fileloc = self.store.fileloc(dag_id)
        refuse_what_is_not_ours(dag_id, fileloc, session=self.session)
        if needs_parse(document.definition):
            return [Version(document, fileloc, None)]
        folder = self.settings.dag_managed_operators
        return [Version(document, fileloc, stand_in_dag(document.definition, fileloc=fileloc, folder=folder))]

    def _commit(self, versions: list[Version]) -> None:
        """Write the permissions, the rows and the audit rows of some DAGs, the last two in one transaction."""
        not_taken = "Airflow's database did not take what is deployed; refresh again"
        in_one_transaction(
            lambda: self._permissions(versions),
            session=self.session,
            again_after=COLLISIONS,
            unavailable=not_taken,
            unknown=lambda _: not_taken,  # the rows are not written before the permissions are
        )
        receipt = audit.Receipt()

        def change() -> None:
            write_rows(versions, self.store, session=self.session)
            entries = [audit.Entry(version.dag_id) for version in versions]
            audit.record_all("refresh_all_dags", entries, user=self.user, receipt=receipt, session=self.session)

        in_one_transaction(
            change,
            session=self.session,
            was_committed=lambda: receipt.is_stored(session=self.session),
            again_after=COLLISIONS,
            unavailable=not_taken,
            unknown=lambda _: "it isn't known whether Airflow's database took what is deployed; refresh again",
        )

    def _permissions(self, versions: list[Version]) -> None:
        for version in versions:
            if version.dag is not None:
                write_permissions(version.dag, session=self.session)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ManagedDagsError) else f"{type(error).__name__}: {error}"


def _dag_files() -> list[str]:
    """Return every file that Airflow's own listing finds, except Airflow's examples."""
    return list_py_file_paths(str(dags_folder()), include_examples=False)


def _request_all(*, session: Session) -> int:
    """Ask for a parse of every file; return how many."""
    files = _dag_files()
    requested = 0
    for start in range(0, len(files), _REQUESTS):
        chunk = files[start : start + _REQUESTS]
        is_requested = in_one_transaction(
            partial(request_parsing, chunk, session=session),
            session=session,
            again_after=COLLISIONS,
            unavailable="Airflow's database does not answer; try again later",
            unknown=lambda _: "Airflow's database does not answer; refresh again, since not all files may be parsed",
        )
        if is_requested:
            requested += len(chunk)
    return requested
