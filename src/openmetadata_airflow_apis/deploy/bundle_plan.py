"""What applying a bundle deploys, deletes and leaves alone; or every reason why it can't be applied.

Nothing is written here. A plan is made twice: before the DAGs that it changes are locked, and again with their locks
held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.checks import check_workflow
from openmetadata_airflow_apis.conflict_errors import BundleConflict, DagExists
from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.definition.places import Pointer
from openmetadata_airflow_apis.deploy.definitions_on_mysql import refuse_what_mysql_lacks
from openmetadata_airflow_apis.deploy.deletion import refuse_running
from openmetadata_airflow_apis.deploy.deployment_state import PENDING, rows_of
from openmetadata_airflow_apis.deploy.preconditions import lacks_force
from openmetadata_airflow_apis.deploy.row_ownership import refuse_what_is_not_ours
from openmetadata_airflow_apis.deploy.validation import build, needs_parse
from openmetadata_airflow_apis.errors import Conflict, DamagedDocument, Fault, InvalidDefinition, InvalidRequest
from openmetadata_airflow_apis.stores import version_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.definition import Workflow
    from openmetadata_airflow_apis.deploy.deployment_state import DagRows
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore
    from openmetadata_airflow_apis.stores.version_rows import Newest

WORKFLOWS = Pointer("/workflows")


@dataclass(frozen=True)
class BundleDag:
    """A DAG of a bundle. version_number: None if a crash kept the version from being recorded."""

    dag_id: str
    version_number: int | None
    revision: str
    deployed_by: str
    deployed_at: datetime


def bundle_dag(document: StoredDocument, newest: Mapping[str, Newest]) -> BundleDag:
    """Return the BundleDag of a stored document. newest: the newest recorded versions, by dag_id."""
    return BundleDag(
        document.dag_id,
        version_rows.number_of(document, newest),
        document.revision,
        document.deployed_by,
        document.deployed_at,
    )


def members(bundle_name: str, store: DefinitionStore) -> set[str]:
    """Return the dag_ids that belong to a bundle."""
    return {dag_id for dag_id, head in store.heads().items() if head.bundle_name == bundle_name}


@dataclass(frozen=True)
class Rights:
    """What the caller may do: functions that are called with a dag_id and raise if the caller may not.

    may_deploy is called for each workflow, may_replace for each whose dag_id is already deployed, may_delete for each
    DAG that is pruned.
    """

    may_deploy: Callable[[str], None]
    may_replace: Callable[[str], None]
    may_delete: Callable[[str], None]


@dataclass(frozen=True)
class BundlePlan:
    """The DAGs to deploy and to delete, in this order, and those that stay as they are."""

    to_deploy: tuple[Workflow, ...]
    unchanged: tuple[BundleDag, ...]
    to_delete: tuple[str, ...]

    @property
    def touched(self) -> set[str]:
        """The dag_ids that are deployed or deleted."""
        return {*(workflow.dag_id for workflow in self.to_deploy), *self.to_delete}


def check_bundle(documents: Sequence[object], settings: Settings, *, now: datetime) -> list[Workflow]:
    """Return the workflows of a bundle's body. Raises InvalidDefinition with every fault of each of them."""
    workflows: list[Workflow] = []
    faults: list[Fault] = []
    places: dict[str, Pointer] = {}
    for index, document in enumerate(documents):
        place = WORKFLOWS / index
        try:
            workflow = check_workflow(document, settings, now=now)
        except InvalidDefinition as error:
            faults += [fault._replace(pointer=place + fault.pointer) for fault in error.faults]
            continue
        earlier = places.setdefault(folded(workflow.dag_id), place)
        if earlier != place:
            name = place.below(["workflow", "name"] if "workflow" in dict(document) else ["name"])  # type: ignore[call-overload]
            faults.append(Fault(name, f"is the name of {earlier} too, whatever the case; give each workflow its own"))
        workflows.append(workflow)
    if faults:
        raise InvalidDefinition(faults)
    return workflows


@dataclass(frozen=True)
class Bundle:
    """A bundle as the caller asks for it. documents: the bodies of the workflows, in the same order."""

    name: str
    workflows: Sequence[Workflow]
    documents: Sequence[object]
    prune: bool
    rights: Rights


def plan_bundle(bundle: Bundle, *, store: DefinitionStore, settings: Settings, session: Session) -> BundlePlan:
    """Return what has to be deployed and deleted so that the bundle becomes what the caller asks for.

    A fixed number of SQL statements, and one more for each DAG that is deployed or deleted.
    Raises InvalidDefinition, BundleConflict, DagIsRunning, and what the caller's rights raise.
    """
    return _Planning(bundle, store, settings, session).plan()


class _Planning:
    def __init__(self, bundle: Bundle, store: DefinitionStore, settings: Settings, session: Session) -> None:
        self.bundle = bundle
        self.store = store
        self.settings = settings
        self.session = session
        self.conflicts: list[Fault] = []
        self.faults: list[Fault] = []

    def plan(self) -> BundlePlan:
        bundle, session = self.bundle, self.session
        stored = self._stored()
        newest = version_rows.newest([workflow.dag_id for workflow in bundle.workflows], session=session)
        rows = rows_of(list(stored), self.store, session=session)
        absent = self.store.without_dag_file(stored)
        to_deploy, unchanged = [], []
        for index, workflow in enumerate(bundle.workflows):
            document = stored.get(workflow.dag_id)
            is_recorded = document is not None and version_rows.number_of(document, newest) is not None
            is_complete = is_recorded and workflow.dag_id not in absent
            if document is not None and is_complete and self._is_as_asked(index, document, rows[workflow.dag_id]):
                unchanged.append(bundle_dag(document, newest))
            elif (buildable := self._buildable(index, document)) is not None:
                to_deploy.append(buildable)
        to_delete = self._to_delete() if bundle.prune else []
        if self.faults:
            raise InvalidDefinition(self.faults)
        if self.conflicts:
            raise BundleConflict(bundle.name, self.conflicts)
        if to_delete:
            refuse_running(to_delete, session=session)
        return BundlePlan(tuple(to_deploy), tuple(unchanged), tuple(to_delete))

    def _stored(self) -> dict[str, StoredDocument]:
        """Return what is deployed under the workflows' dag_ids; note a conflict for each that can't be read."""
        stored, refused = self.store.read_many(workflow.dag_id for workflow in self.bundle.workflows)
        for index, workflow in enumerate(self.bundle.workflows):
            error = refused.get(workflow.dag_id)
            if isinstance(error, (Conflict, DamagedDocument)):
                self.conflicts.append(Fault(WORKFLOWS / index, str(error)))
            elif error is not None:
                raise error
        return stored

    def _is_as_asked(self, index: int, document: StoredDocument, rows: DagRows) -> bool:
        """Say whether a workflow is deployed in this bundle already, with its rows and the paused state asked for."""
        workflow = self.bundle.workflows[index]
        has_rows = needs_parse(document.definition) or rows.state(document) != PENDING
        return (
            document.bundle_name == self.bundle.name
            and has_rows
            and workflow.is_paused in (None, rows.is_paused)
            and self._is_same(index, document)
        )

    def _is_same(self, index: int, document: StoredDocument) -> bool:
        workflow = self.bundle.workflows[index]
        if workflow.definition == document.definition:
            return True
        if workflow.source != document.source:
            return False
        # The same text. A relative date such as "2 days" counts from the deploy, so it is read as of then.
        try:
            workflow_then = check_workflow(self.bundle.documents[index], self.settings, now=document.deployed_at)
        except InvalidDefinition:
            return False
        return workflow_then.definition == document.definition

    def _buildable(self, index: int, document: StoredDocument | None) -> Workflow | None:
        """Return a workflow with its built DAG; None if it may not be deployed, after noting the fault or conflict."""
        workflow = self.bundle.workflows[index]
        place = WORKFLOWS / index
        fileloc = self.store.fileloc(workflow.dag_id)
        if document is not None:
            self.bundle.rights.may_replace(workflow.dag_id)
        try:
            self.store.claim(workflow.dag_id)
            refuse_what_is_not_ours(workflow.dag_id, fileloc, session=self.session)
            dag = build(workflow, fileloc, self.settings)
            refuse_what_mysql_lacks(workflow.definition, dag, session=self.session)
        except (Conflict, DamagedDocument) as error:
            self._conflict(place, str(error))
            return None
        except InvalidDefinition as error:
            self.faults += [fault._replace(pointer=place + fault.pointer) for fault in error.faults]
            return None
        except InvalidRequest as error:
            self.faults.append(Fault(place, str(error)))
            return None
        current_bundle = document.bundle_name if document is not None else None
        if current_bundle not in (None, self.bundle.name):
            dag_id = workflow.dag_id
            self._conflict(
                place, f"The DAG `{dag_id}` belongs to the bundle `{current_bundle}`; delete it there, or leave it out"
            )
            return None
        if current_bundle is None and lacks_force(workflow, document):
            self._conflict(place, str(DagExists(workflow.dag_id, host="")))
            return None
        return replace(workflow, force=True, checked_dag=dag)

    def _conflict(self, place: Pointer, detail: str) -> None:
        if Fault(place, detail) not in self.conflicts:  # _stored notes what can't be read, and so does the claim
            self.conflicts.append(Fault(place, detail))

    def _to_delete(self) -> list[str]:
        """Return the DAGs of the bundle that the body lacks; note a conflict for each that may not be deleted."""
        asked_for = {workflow.dag_id for workflow in self.bundle.workflows}
        to_delete = sorted(members(self.bundle.name, self.store) - asked_for)
        for dag_id in to_delete:
            self.bundle.rights.may_delete(dag_id)
            try:
                self.store.claim(dag_id)
                refuse_what_is_not_ours(dag_id, self.store.fileloc(dag_id), session=self.session)
            except (Conflict, DamagedDocument) as error:
                self._conflict(WORKFLOWS, str(error))
        return to_delete
