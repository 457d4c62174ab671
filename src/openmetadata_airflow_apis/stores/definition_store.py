"""The port between a deployment and where its definition is kept.

`file_store.FileStore` is the store for a single machine or a shared folder; `stores.open_store` opens the store that
is configured. Everything above this port (Airflow's rows, the DAG processor, deleting) is the same for every store.

A store in Airflow's database writes definitions in the transaction of Airflow's rows (`write_rows`, `remove_rows`). A
store elsewhere writes them before that transaction, and removes them just before its commit (`write`, `removing`).
Every store has all four methods; those of the other kind do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.errors import ManagedDagsError


@dataclass(frozen=True)
class StoreHealth:
    """Whether definitions, and the DAG files made from them, can be written."""

    definitions: bool
    dag_files: bool


@dataclass(frozen=True)
class ImportFailure:
    """Why a DAG could not be imported when it was parsed last.

    text: for people. mark: of the deployment that was parsed, None if that isn't known.
    """

    text: str
    timestamp: datetime
    mark: str | None


@dataclass(frozen=True)
class NodeParse:
    """What the DAG processor of a host has noted of a DAG.

    mark: the deployment that it parsed last; parsed_at: when it first parsed that. None before its first parse.
    callable_files: path below dag_managed_operators → sha256 of each callable file that the DAG names. failure: its
    newest import error.
    """

    hostname: str
    mark: str | None = None
    parsed_at: datetime | None = None
    callable_files: Mapping[str, str] = field(default_factory=dict)
    failure: ImportFailure | None = None


@dataclass(frozen=True)
class Head:
    """The part of a stored document that stands before the definition. revision: the definition's sha256."""

    revision: str
    bundle_name: str | None


@dataclass(frozen=True)
class Deployment:
    """Identifies a deployment. mark: the one that its serialized DAG carries."""

    mark: str
    deployed_at: datetime


class DefinitionStore(Protocol):
    """Keeps the definition of each DAG deployed here; a reader sees the old or the new one, never a mixture.

    Every method raises Unavailable (StorageFull if there is no room) with a message that names the place and the cure;
    what was stored is then as it was before.
    """

    @property
    def in_database(self) -> bool:
        """Whether a definition is written in the same transaction as Airflow's rows."""

    def locked(self, dag_id: str) -> AbstractContextManager[None]:
        """Hold the lock of the name against every other process; the lock ends with its process.

        Names that differ only in case share a lock (dag_ids.folded). Raises Unavailable if another holder keeps it for
        too long.
        """

    def locked_bundle(self, bundle_name: str) -> AbstractContextManager[None]:
        """Hold the lock of a bundle. Lock a bundle before its DAGs, and these in the order of dag_ids.folded."""

    def heads(self) -> dict[str, Head]:
        """Return the head of everything deployed here, by dag_id.

        A DAG whose removal has begun but is not completed is included; a damaged one may be missing.
        """

    def fileloc(self, dag_id: str) -> str:
        """Return the path of the file from which the DAG processor loads the DAG."""

    def own_fileloc(self, dag_id: str) -> str | None:
        """Return that path if the file holds only this DAG, None if other DAGs come from it too."""

    def make_ready(self) -> None:
        """Make what the store needs in Airflow's database. Raises SQLAlchemyError."""

    def dag_ids(self) -> list[str]:
        """Return the names of everything deployed here, damaged or not, sorted."""

    def dag_ids_page(self, offset: int, limit: int) -> tuple[list[str], int]:
        """Return up to `limit` of these names from `offset` on, and how many there are in all."""

    def interrupted(self) -> set[str]:
        """Return the names under which a process that died has left something to finish or to remove."""

    def knows(self, dag_id: str) -> bool:
        """Say whether anything is stored under a name: a deployment, or what is left of one."""

    def check_configuration(self) -> None:
        """Raise ConfigurationError, with the cure, if the store's own options cannot be used."""

    def health(self) -> StoreHealth:
        """Say whether a deploy could write. Raises nothing."""

    def read(self, dag_id: str) -> StoredDocument | None:
        """Return what is deployed under a name, or None.

        Raises DamagedDocument if it was changed since, and NotDeployedHere if something else is in its place.
        """

    def read_many(self, dag_ids: Iterable[str]) -> tuple[dict[str, StoredDocument], dict[str, ManagedDagsError]]:
        """Return what is deployed under some names, and the error that `read` raises for each other; in order."""

    def deployments(
        self, dag_ids: Iterable[str]
    ) -> tuple[dict[str, Deployment | StoredDocument], dict[str, ManagedDagsError]]:
        """Return the same as read_many; but a Deployment if that is known without reading the definition."""

    def without_dag_file(self, dag_ids: Iterable[str]) -> set[str]:
        """Return those of some deployed DAGs that Airflow can't load because their file is missing."""

    def import_errors(self, dag_ids: Iterable[str], *, session: Session) -> dict[str, ImportFailure]:
        """Return the import error of each DAG that failed when it was parsed last. One statement."""

    def with_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> list[str]:
        """Return those of some DAGs that could not be imported when they were parsed last. One statement."""

    def forget_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> None:
        """Delete the import errors of DAGs, in the caller's transaction; the next parse writes new ones."""

    def parses(self, dag_id: str, *, session: Session) -> list[NodeParse] | None:
        """Return what the DAG processor of each host has noted of a DAG, None if the hosts share their files."""

    def has_dag_file(self, dag_id: str) -> bool:
        """Say whether Airflow can load the DAG: whether anything is at fileloc."""

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Return what is deployed under a name, or None if the name is free.

        Raises DamagedDocument if a deploy would overwrite what was changed by hand, and NotDeployedHere if it would
        overwrite what was not deployed here, or if another name differs from this one only in case. Changes nothing.
        """

    def write(self, document: StoredDocument) -> None:
        """Replace what is deployed under the document's name. The caller holds the name's lock and its claim."""

    def take_back(self, dag_id: str, previous: StoredDocument | None) -> None:
        """Undo `write`: put back `previous`, or nothing if that is None."""

    def write_rows(self, document: StoredDocument, *, session: Session) -> None:
        """Replace what is deployed, in the caller's transaction, which also writes Airflow's rows."""

    def remove_rows(self, dag_id: str, *, session: Session) -> None:
        """Remove a deployment in the caller's transaction, which also deletes Airflow's rows."""

    def removing(self, dag_id: str) -> AbstractContextManager[None]:
        """Remove a deployment on entering; make that final on leaving, or put it back if the block raises.

        After OutcomeUnknown it is not put back: the removal stays begun, for `finish_interrupted`. The caller holds the
        name's lock and its claim.
        """

    def finish_interrupted(self, dag_id: str) -> bool:
        """Remove what a process that died has left under a name, and complete a half-written deployment.

        Returns True if a removal was begun whose database rows must still be deleted: call `end_removal` afterwards.
        The caller holds the name's lock.
        """

    def end_removal(self, dag_id: str) -> None:
        """Remove the last trace of a removal, after its database rows are deleted."""

    def dismantle(self) -> None:
        """Remove what the store itself has made, such as a folder, if no deployment is left in it."""
