"""What applying a bundle takes: what is deployed, what left alone, and what deleted; or all that is against it.

Nothing is written here. What the plan is made of is read before the names are locked that it would touch, and once more
with their locks held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from openmetadata_airflow_apis.checks import check_workflow
from openmetadata_airflow_apis.conflicts import BundleConflict, DagExists
from openmetadata_airflow_apis.dagbuild.stand_ins import needs_parse
from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.definition.places import Pointer
from openmetadata_airflow_apis.deploy.deployment import build
from openmetadata_airflow_apis.deploy.deployment_state import PENDING, rows_of
from openmetadata_airflow_apis.deploy.ownership import refuse_what_is_not_ours
from openmetadata_airflow_apis.deploy.preconditions import lacks_force
from openmetadata_airflow_apis.deploy.row_deletion import refuse_running
from openmetadata_airflow_apis.errors import Conflict, DamagedDocument, Fault, InvalidDefinition
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
    """A DAG of a bundle. version_number: None while a crash has kept the version from its table."""

    dag_id: str
    version_number: int | None
    revision: str
    deployed_by: str
    deployed_at: datetime


def bundle_dag(document: StoredDocument, newest: Mapping[str, Newest]) -> BundleDag:
    """Return a deployed DAG of a bundle. newest: the newest versions, by dag_id."""
    return BundleDag(
        document.dag_id,
        version_rows.number_of(document, newest),
        document.revision,
        document.deployed_by,
        document.deployed_at,
    )


def members(bundle_name: str, store: DefinitionStore) -> set[str]:
    """Return the DAGs that belong to a bundle."""
    return {dag_id for dag_id, head in store.heads().items() if head.bundle_name == bundle_name}


@dataclass(frozen=True)
class Rights:
    """What the caller may do: each is called with a dag_id, and whatever it raises ends the application.

    may_deploy: of each workflow. may_replace: of each that is deployed over something. may_delete: of what is pruned.
    """

    may_deploy: Callable[[str], None]
    may_replace: Callable[[str], None]
    may_delete: Callable[[str], None]


@dataclass(frozen=True)
class BundlePlan:
    """What is to be done, in the order in which it is done."""

    to_deploy: tuple[Workflow, ...]
    unchanged: tuple[BundleDag, ...]
    to_delete: tuple[str, ...]

    @property
    def touched(self) -> set[str]:
        """The names that are written to."""
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
    """A bundle as it is asked for. documents: what the workflows were read from, each in its place."""

    name: str
    workflows: Sequence[Workflow]
    documents: Sequence[object]
    prune: bool
    rights: Rights


def plan_bundle(bundle: Bundle, *, store: DefinitionStore, settings: Settings, session: Session) -> BundlePlan:
    """Return what is to be done so that the bundle is as it is asked for.

    A fixed number of SQL statements, and one more for each DAG that is touched.
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
            is_there = is_recorded and workflow.dag_id not in absent
            if document is not None and is_there and self._is_as_asked(index, document, rows[workflow.dag_id]):
                unchanged.append(bundle_dag(document, newest))
            elif (built := self._buildable(index, document)) is not None:
                to_deploy.append(built)
        to_delete = self._to_delete() if bundle.prune else []
        if self.faults:
            raise InvalidDefinition(self.faults)
        if self.conflicts:
            raise BundleConflict(bundle.name, self.conflicts)
        if to_delete:
            refuse_running(to_delete, session=session)
        return BundlePlan(tuple(to_deploy), tuple(unchanged), tuple(to_delete))

    def _stored(self) -> dict[str, StoredDocument]:
        """Return what is deployed under the workflows' names; what can't be read is a conflict."""
        stored, refused = self.store.read_many(workflow.dag_id for workflow in self.bundle.workflows)
        for index, workflow in enumerate(self.bundle.workflows):
            error = refused.get(workflow.dag_id)
            if isinstance(error, (Conflict, DamagedDocument)):
                self.conflicts.append(Fault(WORKFLOWS / index, str(error)))
            elif error is not None:
                raise error
        return stored

    def _is_as_asked(self, index: int, document: StoredDocument, rows: DagRows) -> bool:
        """Say whether nothing is to be done for a workflow: whether one application has done all of it."""
        workflow = self.bundle.workflows[index]
        is_known = needs_parse(document.definition) or rows.state(document) != PENDING
        return (
            document.bundle_name == self.bundle.name
            and is_known
            and workflow.is_paused in (None, rows.is_paused)
            and self._is_same(index, document)
        )

    def _is_same(self, index: int, document: StoredDocument) -> bool:
        workflow = self.bundle.workflows[index]
        if workflow.definition == document.definition:
            return True
        if workflow.source != document.source:
            return False
        # The same text: a date such as "2 days" keeps the days that it had when it was deployed.
        try:
            as_then = check_workflow(self.bundle.documents[index], self.settings, now=document.deployed_at)
        except InvalidDefinition:
            return False
        return as_then.definition == document.definition

    def _buildable(self, index: int, document: StoredDocument | None) -> Workflow | None:
        """Return a workflow with its DAG; None, and a fault or a conflict noted, where it may not be deployed."""
        workflow = self.bundle.workflows[index]
        place = WORKFLOWS / index
        fileloc = self.store.fileloc(workflow.dag_id)
        if document is not None:
            self.bundle.rights.may_replace(workflow.dag_id)
        try:
            self.store.claim(workflow.dag_id)
            refuse_what_is_not_ours(workflow.dag_id, fileloc, session=self.session)
            dag = build(workflow, fileloc, self.settings)
        except (Conflict, DamagedDocument) as error:
            self._conflict(place, str(error))
            return None
        except InvalidDefinition as error:
            self.faults += [fault._replace(pointer=place + fault.pointer) for fault in error.faults]
            return None
        other = document.bundle_name if document is not None else None
        if other not in (None, self.bundle.name):
            dag_id = workflow.dag_id
            self._conflict(
                place, f"The DAG `{dag_id}` belongs to the bundle `{other}`; delete it there, or leave it out"
            )
            return None
        if other is None and lacks_force(workflow, document):
            self._conflict(place, str(DagExists(workflow.dag_id, host="")))
            return None
        return replace(workflow, force=True, checked_dag=dag)

    def _conflict(self, place: Pointer, detail: str) -> None:
        if Fault(place, detail) not in self.conflicts:  # what can't be read can't be claimed either
            self.conflicts.append(Fault(place, detail))

    def _to_delete(self) -> list[str]:
        """Return what the bundle has and the body lacks; what may not be deleted is a conflict."""
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
