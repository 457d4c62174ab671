"""Deploys a workflow: stores the definition, which decides, then writes Airflow's rows, then asks for a parse."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils import timezone
from airflow.utils.net import get_hostname
from airflow.utils.state import State
from sqlalchemy import func, select

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.conflict_errors import DagExists
from openmetadata_airflow_apis.dagbuild.deployment_mark import deployment_mark
from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
from openmetadata_airflow_apis.deploy.dag_rows import Version, write_permissions, write_rows
from openmetadata_airflow_apis.deploy.definition_changes import Changes, changes_between
from openmetadata_airflow_apis.deploy.definitions_on_mysql import refuse_what_mysql_lacks
from openmetadata_airflow_apis.deploy.deletion import finish_interrupted
from openmetadata_airflow_apis.deploy.new_versions import prune_now_and_then, to_record
from openmetadata_airflow_apis.deploy.preconditions import WHATEVER, Precondition, lacks_force
from openmetadata_airflow_apis.deploy.row_ownership import refuse_what_is_not_ours
from openmetadata_airflow_apis.deploy.validation import build
from openmetadata_airflow_apis.errors import InvalidRequest
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import COLLISIONS, database_errors, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.definition import Workflow
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@dataclass(frozen=True)
class Deployment:
    """What a deploy did, or with dry_run what it would do.

    state: "parsed" if Airflow's database has this version, "pending" if the DAG processor has still to write it,
    "failed" if the DAG processor could not import it (only after await_parse, with the import error's text).
    created: whether the dag_id was free before. changed: whether the definition differs from the one deployed before.
    version_number: of the deployed version. revision: the definition's sha256.
    unfinished_runs: how many runs are under way and go on with the new tasks.
    changes: from what was deployed before; only with dry_run.
    """

    dag_id: str
    state: str
    created: bool
    changed: bool
    dry_run: bool
    version_number: int
    revision: str
    is_paused: bool | None
    deployed_by: str
    deployed_at: datetime
    fileloc: str
    unfinished_runs: int
    import_error: str | None = None
    changes: Changes | None = None

    @property
    def mark(self) -> str:
        """The mark that Airflow's rows of this deployment carry."""
        return deployment_mark(self.revision, self.deployed_at.isoformat())


def _anybody(_: str) -> None:
    """Allow everybody to replace what is deployed."""


def deploy(
    workflow: Workflow,
    *,
    user: str,
    settings: Settings,
    session: Session,
    dry_run: bool = False,
    comment: str | None = None,
    bundle_name: str | None = None,
    restored_version: int | None = None,
    precondition: Precondition = WHATEVER,
    began: datetime | None = None,
    may_replace: Callable[[str], None] = _anybody,
    store: DefinitionStore | None = None,
    is_locked: bool = False,
) -> Deployment:
    """Deploy a checked workflow; when this returns, a scheduler can run it without a parse.

    comment: stored with the version that this makes. bundle_name: the bundle that the DAG belongs to from now on; None
    keeps the current one. restored_version: for the audit log, the version that is deployed again. precondition: what
    must be deployed now, checked while the name is locked. began: if this request is a repetition and the outcome of
    the first try is unknown, when that was sent; the deploy goes on from what the first try has stored. may_replace:
    called with the dag_id, while the name is locked, if something is deployed under it; raises if the caller may not
    replace it. is_locked: whether the caller holds the name's lock.
    Commits the session. Raises PreconditionFailed, ConfigurationError, DagExists, NotDeployedHere, InvalidDefinition,
    InvalidRequest if Airflow's database can't store one of the values, StorageFull, Unavailable; after any of them the
    old version stays deployed, unless an Unavailable says otherwise.
    """
    store = store or open_store(settings)
    store.check_configuration()
    dag_id, definition = workflow.dag_id, workflow.definition
    fileloc = store.fileloc(dag_id)
    dag = build(workflow, fileloc, settings)
    document = StoredDocument(
        dag_id, definition, workflow.source, user, timezone.utcnow(), comment=comment, bundle_name=bundle_name
    )
    answers = database_errors("Airflow's database does not answer; nothing was deployed, try again later")
    if dry_run:
        with answers:
            previous = _refuse_unfit_deploy(workflow, dag, store, may_replace, precondition, session=session)
            deployment, _ = _deployment(document, previous, dag, fileloc, session=session)
            return replace(
                deployment,
                dry_run=True,
                is_paused=deployment.is_paused if workflow.is_paused is None else workflow.is_paused,
                changes=changes_between(previous.definition if previous else None, definition),
            )
    with nullcontext() if is_locked else store.locked(dag_id):
        with answers:
            finish_interrupted(dag_id, store, session=session)
            # In the database store an earlier try has stored either all, with its answer, or nothing.
            is_stored = partial(_is_stored_by, document, None if store.in_database else began)
            previous = _refuse_unfit_deploy(
                workflow, dag, store, may_replace, precondition, is_stored=is_stored, session=session
            )
            session.commit()  # no read transaction stays open over the writing of files
        if previous and bundle_name is None:
            document = replace(document, bundle_name=previous.bundle_name)
        if previous and document.deployed_at <= previous.deployed_at:  # a clock was set back
            document = replace(document, deployed_at=previous.deployed_at + timedelta(microseconds=1))
        store.write(document)
        version = Version(document, fileloc, dag, workflow.is_paused)
        return _write_version(
            version,
            previous,
            store,
            is_stored=previous is not None and is_stored(previous),
            user=user,
            restored_version=restored_version,
            settings=settings,
            session=session,
        )


def _write_version(
    version: Version,
    previous: StoredDocument | None,
    store: DefinitionStore,
    *,
    is_stored: bool,
    user: str,
    restored_version: int | None,
    settings: Settings,
    session: Session,
) -> Deployment:
    """Write a version's permissions; then, in one transaction, Airflow's rows, our row of it, and its audit row."""
    dag, dag_id = version.dag, version.dag_id
    not_taken, unknown = _not_taken(dag_id, store)
    if dag is not None:
        in_one_transaction(
            lambda: write_permissions(dag, session=session),
            session=session,
            again_after=COLLISIONS,
            unavailable=not_taken,
            unknown=lambda _: not_taken,  # the rows are not written before the permissions are
        )
    receipt = audit.Receipt()

    def change() -> Deployment:
        write_rows([version], store, session=session)
        store.write_rows(version.document, session=session)
        restored = {} if restored_version is None else {"restored_version": restored_version}
        audit.record(
            "restore_dag_version" if restored else "deploy_dag",
            user=user,
            dag_id=dag_id,
            details={"sha256": version.document.revision, **restored},
            receipt=receipt,
            session=session,
        )
        deployment, rows = _deployment(
            version.document, previous, dag, version.fileloc, is_stored=is_stored, session=session
        )
        version_rows.write(rows, session=session)
        if rows:
            prune_now_and_then(dag_id, deployment.version_number, settings=settings, session=session)
        return deployment

    try:
        return in_one_transaction(
            change,
            session=session,
            was_committed=lambda: receipt.is_stored(session=session),
            again_after=COLLISIONS,
            unavailable=not_taken,
            unknown=lambda _: unknown,
        )
    except InvalidRequest:  # the database can't store a value, so a later parse could not write it either
        store.take_back(dag_id, previous)
        raise


def _not_taken(dag_id: str, store: DefinitionStore) -> tuple[str, str]:
    """Return two messages: the database did not take a version, and nobody knows whether it did."""
    if store.in_database:
        return (
            f"Airflow's database did not take the workflow `{dag_id}`; what was deployed before still is, deploy again",
            f"It isn't known whether Airflow's database took the workflow `{dag_id}`; deploy again",
        )
    cure = "the DAG processor finds it by itself, or deploy or refresh again"
    return (
        f"The workflow `{dag_id}` is stored, but Airflow's database did not take it; {cure}",
        f"The workflow `{dag_id}` is stored, and it isn't known whether Airflow's database took it; {cure}",
    )


def _refuse_unfit_deploy(
    workflow: Workflow,
    dag: DAG | None,
    store: DefinitionStore,
    may_replace: Callable[[str], None],
    precondition: Precondition,
    *,
    is_stored: Callable[[StoredDocument], bool] = lambda _: False,
    session: Session,
) -> StoredDocument | None:
    """Return what is deployed; raise if the workflow may not replace it, or has values that MySQL can't store.

    is_stored: says of what is deployed whether an earlier try of this request stored it; then it needs no force.
    """
    previous = store.claim(workflow.dag_id)
    if previous and is_stored(previous):
        refuse_what_is_not_ours(workflow.dag_id, store.fileloc(workflow.dag_id), session=session)
        return previous
    if previous:
        may_replace(workflow.dag_id)
    precondition.check(workflow.dag_id, previous.revision if previous else None)
    refuse_what_is_not_ours(workflow.dag_id, store.fileloc(workflow.dag_id), session=session)
    if lacks_force(workflow, previous):
        raise DagExists(workflow.dag_id, host=get_hostname())
    refuse_what_mysql_lacks(workflow.definition, dag, session=session)
    return previous


def _is_stored_by(document: StoredDocument, began: datetime | None, stored: StoredDocument) -> bool:
    """Say whether what is stored comes from an earlier try of this request, made since `began`."""
    is_same = (stored.revision, stored.deployed_by) == (document.revision, document.deployed_by)
    return began is not None and is_same and stored.deployed_at >= began


def _deployment(
    document: StoredDocument,
    previous: StoredDocument | None,
    dag: DAG | None,
    fileloc: str,
    *,
    is_stored: bool = False,
    session: Session,
) -> tuple[Deployment, list[dict[str, Any]]]:
    """Return what a deploy did or would do, and the rows of the versions that it records.

    Usually one row, or none if nothing changes; two if a process died after it had stored `previous`. is_stored:
    whether an earlier try of this request stored `previous`.
    """
    unfinished_runs_query = (
        select(func.count())
        .select_from(DagRun)
        .where(DagRun.dag_id == document.dag_id, DagRun.state.in_(State.unfinished_dr_states))
        .scalar_subquery()
    )
    paused_query = select(DagModel.is_paused).where(DagModel.dag_id == document.dag_id).scalar_subquery()
    newest_columns = version_rows.newest_columns(document.dag_id)
    unfinished_runs, paused, *newest_values = session.execute(
        select(unfinished_runs_query, paused_query, *newest_columns)
    ).one()
    newest_version = version_rows.newest_of(*newest_values)
    if is_stored:  # what was deployed before the first try is only in its version
        documents, revision_before = [document], newest_version.revision
    else:
        documents = [document] if previous is None else [previous, document]
        revision_before = None if previous is None else previous.revision
    rows, version_number = to_record(newest_version, documents)
    deployment = Deployment(
        dag_id=document.dag_id,
        state="parsed" if dag is not None else "pending",
        created=revision_before is None,
        changed=revision_before != document.revision,
        dry_run=False,
        version_number=version_number,
        revision=document.revision,
        is_paused=paused,
        deployed_by=document.deployed_by,
        deployed_at=document.deployed_at,
        fileloc=fileloc,
        unfinished_runs=unfinished_runs,
    )
    return deployment, rows
