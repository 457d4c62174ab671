"""Lists, returns and compares the versions of a DAG's definition, and deploys one of them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.checks import check_workflow
from openmetadata_airflow_apis.definition import Workflow
from openmetadata_airflow_apis.deploy.definition_changes import Changes, changes_between
from openmetadata_airflow_apis.deploy.deployment import Deployment, deploy
from openmetadata_airflow_apis.deploy.preconditions import WHATEVER, Precondition
from openmetadata_airflow_apis.errors import DagNotFound, DagVersionNotFound
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.version_rows import DagVersion, DagVersionDetail

_NO_ANSWER = "Airflow's database does not answer; try again later"


@dataclass(frozen=True)
class DagVersionChanges:
    """The changes from one version to another. against: the earlier version's number; None if there is none."""

    dag_id: str
    version_number: int
    against: int | None
    changes: Changes


def list_dag_versions(
    dag_id: str, *, limit: int = 100, offset: int = 0, oldest_first: bool = False, settings: Settings, session: Session
) -> tuple[Sequence[DagVersion], int]:
    """Return one page of a DAG's versions, newest first unless oldest_first, and how many there are in all.

    Raises Unavailable, and DagNotFound if the DAG has no versions and is not deployed here.
    """
    with database_errors(_NO_ANSWER):
        page, total = version_rows.page(dag_id, limit=limit, offset=offset, oldest_first=oldest_first, session=session)
    if not total and not open_store(settings).knows(dag_id):
        raise DagNotFound(dag_id)
    return page, total


def get_dag_version(dag_id: str, version_number: int, *, settings: Settings, session: Session) -> DagVersionDetail:
    """Return a version with its content. Raises DagNotFound, DagVersionNotFound, Unavailable."""
    with database_errors(_NO_ANSWER):
        version = version_rows.read(dag_id, version_number, session=session)
        if version is not None:
            return version
        # Raises DagNotFound for an unknown DAG; for a known one it gives the version numbers that exist.
        newest, total = list_dag_versions(dag_id, limit=1, settings=settings, session=session)
    oldest = newest[0].version_number - total + 1 if newest else 0
    raise DagVersionNotFound(dag_id, version_number, oldest=oldest, newest=newest[0].version_number if newest else 0)


def compare_dag_versions(
    dag_id: str, version_number: int, *, against: int | None = None, settings: Settings, session: Session
) -> DagVersionChanges:
    """Return what changes from the version `against`, by default the one before, to a version.

    Raises DagNotFound, DagVersionNotFound, Unavailable.
    """
    after = get_dag_version(dag_id, version_number, settings=settings, session=session)
    with database_errors(_NO_ANSWER):
        before = version_rows.read(dag_id, version_number - 1 if against is None else against, session=session)
    if before is None and against is not None:
        before = get_dag_version(dag_id, against, settings=settings, session=session)
    changes = changes_between(before.canonical_definition if before else None, after.canonical_definition)
    return DagVersionChanges(dag_id, version_number, before.version_number if before else None, changes)


def restore_dag_version(
    dag_id: str,
    version_number: int,
    *,
    user: str,
    settings: Settings,
    session: Session,
    dry_run: bool = False,
    comment: str | None = None,
    precondition: Precondition = WHATEVER,
    began: datetime | None = None,
    may_replace: Callable[[str], None],
) -> Deployment:
    """Deploy a version's stored definition again, as a new version unless it is what is deployed.

    It is checked like any deploy. The paused state stays as it is; a deleted DAG gets Airflow's default.
    began: as for a deploy. Raises DagNotFound, DagVersionNotFound, and what a deploy raises except DagExists.
    """
    version = get_dag_version(dag_id, version_number, settings=settings, session=session)
    session.commit()
    return deploy(
        _workflow(version, settings),
        user=user,
        settings=settings,
        session=session,
        dry_run=dry_run,
        comment=comment or f"Restores version {version_number}",
        precondition=precondition,
        began=began,
        may_replace=may_replace,
        restored_version=version_number,
    )


def redeploy(
    dag_id: str,
    version_number: int,
    *,
    user: str,
    comment: str,
    precondition: Precondition,
    settings: Settings,
    session: Session,
) -> Deployment:
    """Deploy again a version that was deployed a moment ago, without repeating the checks that it passed then."""
    version = get_dag_version(dag_id, version_number, settings=settings, session=session)
    session.commit()
    workflow = Workflow(
        dag_id,
        force=True,
        is_paused=None,
        definition=version.canonical_definition,
        source=version.definition,
    )
    return deploy(
        workflow,
        user=user,
        settings=settings,
        session=session,
        comment=comment,
        precondition=precondition,
        restored_version=version_number,
    )


def _workflow(version: DagVersionDetail, settings: Settings) -> Workflow:
    """Return a version as a workflow to deploy. Raises InvalidDefinition if it no longer passes the checks."""
    checked_workflow = check_workflow(_request(version.definition), settings, now=version.created_at)
    # The version's own definition, not what its text means today: "2 days" counts from the first deploy.
    is_same = checked_workflow.definition == version.canonical_definition
    return replace(
        checked_workflow,
        definition=version.canonical_definition,
        force=True,
        is_paused=None,
        checked_dag=checked_workflow.checked_dag if is_same else None,
    )


def _request(source: dict[str, Any]) -> dict[str, Any]:
    """Return the body that a workflow was sent in: the flat one as it is, any other wrapped."""
    return {"workflow": source} if "dag_config" in source else source
