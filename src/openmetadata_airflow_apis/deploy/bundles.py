"""Bundles: many workflows that are deployed, changed and deleted together.

Which bundle a DAG belongs to is kept with its definition, so that it outlives whatever the definition outlives. Each
DAG is deployed and deleted as it is by itself, with the locks of all of them held; whatever breaks an application off,
the next one finds what is left to be done.
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
from openmetadata_airflow_apis.deploy.deletion import DeletedDag, delete_dag
from openmetadata_airflow_apis.deploy.deployment import deploy
from openmetadata_airflow_apis.deploy.parse_wait import await_parses
from openmetadata_airflow_apis.deploy.recovery import finish_interrupted
from openmetadata_airflow_apis.deploy.version_history import check_tables
from openmetadata_airflow_apis.errors import BundleNotFound, ManagedDagsError
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
    """What applying a bundle did, or with dry_run what it would do; each in the order of the body, or of the dag_ids.

    created, changed: what was deployed under a free name, or over something. unchanged: what was left alone.
    """

    bundle_name: str
    created: tuple[Deployment, ...]
    changed: tuple[Deployment, ...]
    unchanged: tuple[BundleDag, ...]
    deleted: tuple[DeletedDag, ...]
    dry_run: bool

    def with_one_more(self, outcome: Deployment | DeletedDag) -> AppliedBundle:
        """Return what is done after one more change."""
        if isinstance(outcome, DeletedDag):
            return replace(self, deleted=(*self.deleted, outcome))
        if outcome.created:
            return replace(self, created=(*self.created, outcome))
        return replace(self, changed=(*self.changed, outcome))

    @property
    def deployed(self) -> tuple[Deployment, ...]:
        """What was created, then what was changed."""
        return (*self.created, *self.changed)


@dataclass(frozen=True)
class BundleDetail:
    """A bundle and its DAGs, by dag_id."""

    bundle_name: str
    dags: tuple[BundleDag, ...]


@dataclass(frozen=True)
class BundleSummary:
    """A bundle, and how many DAGs of it there are."""

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
    """Make workflows a bundle: deploy what is new or changed, and with prune delete what the bundle has beside them.

    documents: bodies of deploy_dag. comment: noted beside each version that this makes. began: when this request was
    first sent, if it is a repetition; what relative dates count from. Commits the session.
    Raises InvalidDefinition, BundleConflict, DagIsRunning, DamagedDocument, ConfigurationError, and what the rights
    raise, after which nothing is changed; StorageFull and Unavailable, which say what is done already where that is
    something: applying it again does the rest.
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
            check_tables(session=self.session)
            return plan_bundle(self.bundle, store=self.store, settings=self.settings, session=self.session)

    def locked_plan(self, locks: ExitStack) -> BundlePlan:
        """Return a plan whose names are all locked, when what they hold can no longer change."""
        locked: set[str] = set()
        while True:
            plan = self.plan()
            self.session.commit()  # no read transaction stays open over the waiting for locks, or the writing of files
            if plan.touched <= locked:
                return plan
            # More than was planned before, since somebody has changed it meanwhile: all of them anew, in their order.
            locks.close()
            locked |= plan.touched
            for dag_id in sorted(set(map(folded, locked))):
                locks.enter_context(self.store.locked(dag_id))
            for dag_id in sorted(locked):
                if dag_id not in plan.to_delete:  # whose deletion begins with this, and counts the rows
                    finish_interrupted(dag_id, self.store, session=self.session)

    def applied(self, plan: BundlePlan, *, dry_run: bool) -> AppliedBundle:
        """Do what is planned, one DAG after the other; what is written beside a change is written beside the last."""
        done = AppliedBundle(self.bundle.name, (), (), plan.unchanged, (), dry_run)
        left = len(plan.touched)
        write = beside()

        def last(outcome: Deployment | int, session: Session) -> None:
            if write is not None:
                deleted = DeletedDag(plan.to_delete[-1], outcome) if isinstance(outcome, int) else outcome
                write(done.with_one_more(deleted), session)

        changes: list[Callable[[], Deployment | DeletedDag]] = [
            *(partial(self._deploy, workflow, dry_run=dry_run) for workflow in plan.to_deploy),
            *(partial(self._delete, dag_id, dry_run=dry_run) for dag_id in plan.to_delete),
        ]
        try:
            for change in changes:
                left -= 1
                with written_beside(None if left else last):
                    done = done.with_one_more(change())
        except ManagedDagsError as error:
            number = len(plan.touched) - left - 1
            if number and not dry_run:
                of_all = f"{number} of {len(plan.touched)} changes to the bundle `{self.bundle.name}` are made"
                error.args = (f"{error} ({of_all}; apply it again for the others)",)
            raise
        return done

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
    """Return what was applied with the DAG processor's verdicts, waiting up to `seconds` for all; see await_parse."""
    awaited = await_parses(applied.deployed, seconds, nodes=nodes, settings=settings, session=session)
    number = len(applied.created)
    return replace(applied, created=awaited[:number], changed=awaited[number:])


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
    documents, _ = store.read_many(dag_ids)  # of what is damaged list_dags says why
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
    """Return some bundles, by name, and how many there are. readable: as for get_bundle."""
    store = store or open_store(settings)
    deployed = set(store.dag_ids())
    sizes = Counter(
        head.bundle_name
        for dag_id, head in store.heads().items()
        if head.bundle_name is not None and dag_id in deployed and (readable is None or dag_id in readable)
    )
    names = sorted(sizes)
    return [BundleSummary(name, sizes[name]) for name in names[offset : offset + limit]], len(names)
