"""The port between a deployment and where its definition is kept.

`file_store.FileStore` is the store of a single machine or a shared folder; `stores.open_store` opens the one that
is configured. All that is above this port (Airflow's rows, the DAG processor, deleting) is the same for every store.

A store that keeps definitions in Airflow's database writes them in the transaction of Airflow's rows (`write_rows`,
`remove_rows`); any other writes them before that, and takes them away just before the commit (`write`, `removing`).
Each has both, and does nothing in those of the other kind.
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
    """Whether definitions can be written, and the DAG files that they become."""

    definitions: bool
    dag_files: bool


@dataclass(frozen=True)
class ImportFailure:
    """Why a DAG could not be imported when it was parsed last.

    text: for people. mark: of the deployment that it is of, None where that isn't known.
    """

    text: str
    timestamp: datetime
    mark: str | None


@dataclass(frozen=True)
class NodeParse:
    """What the DAG processor of a host has made of a DAG.

    mark, parsed_at: the deployment that it has parsed last, and when first; None before its first. callable_files: the
    sha256 of each callable file that the DAG names, by the file's path below dag_managed_operators. failure: why the
    newest one that it could not import was not.
    """

    hostname: str
    mark: str | None = None
    parsed_at: datetime | None = None
    callable_files: Mapping[str, str] = field(default_factory=dict)
    failure: ImportFailure | None = None


@dataclass(frozen=True)
class Head:
    """What a stored document says before its definition. revision: the definition's sha256."""

    revision: str
    bundle_name: str | None


@dataclass(frozen=True)
class Deployment:
    """Which deployment something is of. mark: the one that its serialized DAG carries."""

    mark: str
    deployed_at: datetime


class DefinitionStore(Protocol):
    """Keeps the definition of each DAG deployed here, old or new and never between.

    Every method raises Unavailable (StorageFull where there is no room) with a sentence that names the place
    and the cure; what was stored is then as it was before.
    """

    @property
    def in_database(self) -> bool:
        """Whether a definition is written with Airflow's rows, in one transaction, and never without them."""

    def locked(self, dag_id: str) -> AbstractContextManager[None]:
        """Hold the name against every other process; a holder that dies lets go of it.

        Two names that differ only in case are one name (dag_ids.folded). Raises Unavailable where the holder takes too
        long.
        """

    def locked_bundle(self, bundle_name: str) -> AbstractContextManager[None]:
        """Hold a bundle likewise. Whoever holds one locks names after it, in the order of dag_ids.folded."""

    def heads(self) -> dict[str, Head]:
        """Return what stands before the definition of everything deployed here, by dag_id.

        One whose removal was begun, and not completed, is among them; what is damaged may be missing.
        """

    def fileloc(self, dag_id: str) -> str:
        """Return the path that the DAG processor will know the DAG by."""

    def own_fileloc(self, dag_id: str) -> str | None:
        """Return that path where the file is this DAG's alone, None where other DAGs come from it too."""

    def make_ready(self) -> None:
        """Make in Airflow's database what the store needs; raise SQLAlchemyError."""

    def dag_ids(self) -> list[str]:
        """Return the names of everything deployed here, damaged or not, sorted."""

    def dag_ids_page(self, offset: int, limit: int) -> tuple[list[str], int]:
        """Return `limit` of these names from `offset` on, and how many there are in all."""

    def interrupted(self) -> set[str]:
        """Return the names for which a process that died has left something to complete or to sweep."""

    def knows(self, dag_id: str) -> bool:
        """Say whether anything is stored under a name: a deployment, or what is left of one."""

    def check_configuration(self) -> None:
        """Raise ConfigurationError, with the cure, where the store's own options cannot be used."""

    def health(self) -> StoreHealth:
        """Say whether a deploy could write; raise nothing where it could not."""

    def read(self, dag_id: str) -> StoredDocument | None:
        """Return what is deployed under a name, or None.

        Raises DamagedDocument if it is no longer as it was deployed, and NotDeployedHere if something else is in its
        place.
        """

    def read_many(self, dag_ids: Iterable[str]) -> tuple[dict[str, StoredDocument], dict[str, ManagedDagsError]]:
        """Return what is deployed under some names, and what `read` raises of the others; each in the names' order."""

    def deployments(
        self, dag_ids: Iterable[str]
    ) -> tuple[dict[str, Deployment | StoredDocument], dict[str, ManagedDagsError]]:
        """Return the same, or only which deployment each is where its definition need not be read to know that."""

    def without_dag_file(self, dag_ids: Iterable[str]) -> set[str]:
        """Return those of some deployed DAGs that nobody can find, since their file is missing."""

    def import_errors(self, dag_ids: Iterable[str], *, session: Session) -> dict[str, ImportFailure]:
        """Return why DAGs could not be imported when they were parsed last, of those that could not. One statement."""

    def with_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> list[str]:
        """Return those of some DAGs that could not be imported when they were parsed last. One statement."""

    def forget_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> None:
        """Forget why DAGs could not be imported, in the caller's transaction: their next parse says it anew."""

    def parses(self, dag_id: str, *, session: Session) -> list[NodeParse] | None:
        """Return what the DAG processor of each host has made of a DAG, None where hosts can't be told apart."""

    def has_dag_file(self, dag_id: str) -> bool:
        """Say whether the DAG processor and the workers can find the DAG: whether anything is at fileloc."""

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Return what is deployed under a name, or None if the name is free to be deployed under.

        Raises DamagedDocument if a deploy would overwrite what was changed by hand, and NotDeployedHere if it would
        overwrite what was not deployed here, or if another name differs from this one only in case. Changes nothing.
        """

    def write(self, document: StoredDocument) -> None:
        """Replace what is deployed under the document's name. The caller holds the name's lock and its claim."""

    def take_back(self, dag_id: str, previous: StoredDocument | None) -> None:
        """Undo `write`: what was deployed under the name before is so again, or nothing is."""

    def write_rows(self, document: StoredDocument, *, session: Session) -> None:
        """Do the same in the caller's transaction, which writes Airflow's rows."""

    def remove_rows(self, dag_id: str, *, session: Session) -> None:
        """Take a deployment away in the caller's transaction, which deletes Airflow's rows."""

    def removing(self, dag_id: str) -> AbstractContextManager[None]:
        """Take a deployment away on entering, for good on leaving, and bring it back if the block raises.

        OutcomeUnknown alone brings nothing back: the removal stays begun, for `finish_interrupted`. The caller holds
        the name's lock and its claim.
        """

    def finish_interrupted(self, dag_id: str) -> bool:
        """Sweep what a process that died has left under a name, and complete a half-written deployment.

        Returns True if a removal was begun whose database rows must still be deleted: call `end_removal` afterwards.
        The caller holds the name's lock.
        """

    def end_removal(self, dag_id: str) -> None:
        """Take away the last trace of a removal whose database rows are deleted."""

    def dismantle(self) -> None:
        """Take away what the store itself has made, a folder say, where no deployment is left in it."""
