"""Bundles: many workflows that are deployed, changed and deleted together.

A DAG's bundle is stored with its definition, so that it lives as long as the definition does. Each DAG is deployed or
deleted as it would be by itself, while the locks of all of them are held. If applying a bundle breaks off, applying it
again does what is still to be done.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from airflow.utils import timezone

from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.deploy.bundle_plan import Bundle, bundle_dag, check_bundle, members, plan_bundle
from openmetadata_airflow_apis.deploy.deletion import DeletedDag, delete_dag, finish_interrupted
from openmetadata_airflow_apis.deploy.deployment import deploy
from openmetadata_airflow_apis.deploy.parse_wait import await_parses
from openmetadata_airflow_apis.errors import BundleNotFound, ManagedDagsError
from openmetadata_airflow_apis.own_tables import check_tables
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import beside, database_errors, written_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.definition import Workflow
    from openmetadata_airflow_apis.deploy.bundle_plan import BundleDag, BundlePlan, Rights
    from openmetadata_airflow_apis.deploy.deployment import Deployment
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_NO_ANSWER = "Airflow's database does not answer; try again later"


@dataclass(frozen=True)
class AppliedBundle:
    """What applying a bundle did, or with dry_run what it would do.

    created: DAGs whose dag_id was free. changed: DAGs that replaced an earlier deployment. unchanged: DAGs left alone.
    These are in the order of the body; deleted is in the order of the dag_ids.
    """

    bundle_name: str
    created: tuple[Deployment, ...]
    changed: tuple[Deployment, ...]
    unchanged: tuple[BundleDag, ...]
    deleted: tuple[DeletedDag, ...]
    dry_run: bool

    def with_one_more(self, outcome: Deployment | DeletedDag) -> AppliedBundle:
        """Return a copy with one more DAG deployed or deleted."""
        if isinstance(outcome, DeletedDag):
            return replace(self, deleted=(*self.deleted, outcome))
        if outcome.created:
            return replace(self, created=(*self.created, outcome))
        return replace(self, changed=(*self.changed, outcome))

    @property
    def deployed(self) -> tuple[Deployment, ...]:
        """The created DAGs, then the changed ones."""
        return (*self.created, *self.changed)


@dataclass(frozen=True)
class BundleDetail:
    """A bundle and its DAGs, sorted by dag_id."""

    bundle_name: str
    dags: tuple[BundleDag, ...]


@dataclass(frozen=True)
class BundleSummary:
    """A bundle and the number of its DAGs."""

    bundle_name: str
    dag_count: int


def apply_bundle(
    bundle_name: str,
    documents: Sequence[object],
    *,
    prune: bool,
    rights: Rights,
    user: str,
    settings: Settings,
    session: Session,
    dry_run: bool = False,
    comment: str | None = None,
    began: datetime | None = None,
    store: DefinitionStore | None = None,
) -> AppliedBundle:
    """Make workflows a bundle: deploy the new and changed ones, and with prune delete the bundle's other DAGs.

    documents: bodies of deploy_dag. comment: stored with each version that this makes. began: if this request is a
    repetition, when it was first sent; relative dates count from then. Commits the session.
    Raises InvalidDefinition, BundleConflict, DagIsRunning, DamagedDocument, ConfigurationError, and what the rights
    raise; after any of these nothing is changed. Raises StorageFull and Unavailable, which say how many changes were
    made before; applying the bundle again makes the others.
    """
    store = store or open_store(settings)
    store.check_configuration()
    workflows = check_bundle(documents, settings, now=began or timezone.utcnow())
    for workflow in workflows:
        rights.may_deploy(workflow.dag_id)
    bundle = Bundle(bundle_name, workflows, documents, prune, rights)
    application = _Application(bundle, store, user, comment, settings, session)
    if dry_run:
        return application.applied(application.plan(), dry_run=True)
    with store.locked_bundle(bundle_name), ExitStack() as locks:
        return application.applied(application.locked_plan(locks), dry_run=False)


class _Application:
    def __init__(
        self,
        bundle: Bundle,
        store: DefinitionStore,
        user: str,
        comment: str | None,
        settings: Settings,
        session: Session,
    ) -> None:
        self.bundle = bundle
        self.store = store
        self.user = user
        self.comment = comment
        self.settings = settings
        self.session = session

    def plan(self) -> BundlePlan:
        with database_errors("Airflow's database does not answer; nothing was changed, try again later"):
            check_tables(version_rows.TABLE, session=self.session)
            return plan_bundle(self.bundle, store=self.store, settings=self.settings, session=self.session)

    def locked_plan(self, locks: ExitStack) -> BundlePlan:
        """Lock the DAGs that the plan changes; return the plan that was made with these locks held."""
        locked: set[str] = set()
        while True:
            plan = self.plan()
            self.session.commit()  # no read transaction stays open over the waiting for locks, or the writing of files
            if plan.touched <= locked:
                return plan
            # Somebody changed a DAG meanwhile, so that the plan has grown: take all of the locks again, in their order.
            locks.close()
            locked |= plan.touched
            for dag_id in sorted(set(map(folded, locked))):
                locks.enter_context(self.store.locked(dag_id))
            for dag_id in sorted(locked):
                if dag_id not in plan.to_delete:  # deleting a DAG begins with this call, and counts its rows
                    finish_interrupted(dag_id, self.store, session=self.session)

    def applied(self, plan: BundlePlan, *, dry_run: bool) -> AppliedBundle:
        """Deploy and delete as planned, one DAG after the other.

        A row that the caller wants written beside the change (see `beside`) is written with the last DAG.
        """
        applied_so_far = AppliedBundle(self.bundle.name, (), (), plan.unchanged, (), dry_run)
        changes_left = len(plan.touched)
        write = beside()

        def write_with_last(outcome: Deployment | int, session: Session) -> None:
            if write is not None:
                last_change = DeletedDag(plan.to_delete[-1], outcome) if isinstance(outcome, int) else outcome
                write(applied_so_far.with_one_more(last_change), session)

        changes: list[Callable[[], Deployment | DeletedDag]] = [
            *(partial(self._deploy, workflow, dry_run=dry_run) for workflow in plan.to_deploy),
            *(partial(self._delete, dag_id, dry_run=dry_run) for dag_id in plan.to_delete),
        ]
        try:
            for change in changes:
                changes_left -= 1
                with written_beside(None if changes_left else write_with_last):
                    applied_so_far = applied_so_far.with_one_more(change())
        except ManagedDagsError as error:
            number = len(plan.touched) - changes_left - 1
            if number and not dry_run:
                progress = f"{number} of {len(plan.touched)} changes to the bundle `{self.bundle.name}` are made"
                error.args = (f"{error} ({progress}; apply it again for the others)",)
            raise
        return applied_so_far

    def _deploy(self, workflow: Workflow, *, dry_run: bool) -> Deployment:
        return deploy(
            workflow,
            user=self.user,
            settings=self.settings,
            session=self.session,
            dry_run=dry_run,
            comment=self.comment,
            bundle_name=self.bundle.name,
            store=self.store,
            is_locked=True,
        )

    def _delete(self, dag_id: str, *, dry_run: bool) -> DeletedDag:
        return delete_dag(
            dag_id,
            dry_run=dry_run,
            user=self.user,
            settings=self.settings,
            session=self.session,
            store=self.store,
            is_locked=True,
        )


def await_bundle(
    applied: AppliedBundle, seconds: float, *, nodes: int | None = None, settings: Settings, session: Session
) -> AppliedBundle:
    """Wait up to `seconds` until all that was applied is parsed; return it with the states (see await_parse)."""
    awaited = await_parses(applied.deployed, seconds, nodes=nodes, settings=settings, session=session)
    created_count = len(applied.created)
    return replace(applied, created=awaited[:created_count], changed=awaited[created_count:])


def get_bundle(
    bundle_name: str,
    *,
    readable: Collection[str] | None = None,
    settings: Settings,
    session: Session,
    store: DefinitionStore | None = None,
) -> BundleDetail:
    """Return a bundle and those of its DAGs that are not damaged.

    readable: the dag_ids that the caller may see, None for all. Raises BundleNotFound, Unavailable.
    """
    store = store or open_store(settings)
    dag_ids = sorted(dag_id for dag_id in members(bundle_name, store) if readable is None or dag_id in readable)
    documents, _ = store.read_many(dag_ids)  # list_dags says why a DAG is damaged
    if not documents:
        raise BundleNotFound(bundle_name)
    with database_errors(_NO_ANSWER):
        newest = version_rows.newest(documents, session=session)
    return BundleDetail(bundle_name, tuple(bundle_dag(document, newest) for document in documents.values()))


def list_bundles(
    *,
    limit: int = 100,
    offset: int = 0,
    readable: Collection[str] | None = None,
    settings: Settings,
    store: DefinitionStore | None = None,
) -> tuple[list[BundleSummary], int]:
    """Return one page of the bundles, sorted by name, and how many there are in all. readable: as for get_bundle."""
    store = store or open_store(settings)
    deployed = set(store.dag_ids())
    sizes = Counter(
        head.bundle_name
        for dag_id, head in store.heads().items()
        if head.bundle_name is not None and dag_id in deployed and (readable is None or dag_id in readable)
    )
    names = sorted(sizes)
    return [BundleSummary(name, sizes[name]) for name in names[offset : offset + limit]], len(names)
