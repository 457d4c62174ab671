"""Takes over what the older plugin has deployed: the DAGs keep their dag_ids and runs, and get files of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils import timezone
from sqlalchemy import func, select

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.definition.older_plugin_configs import read_older_config
from openmetadata_airflow_apis.deploy.deployment import deploy
from openmetadata_airflow_apis.errors import (
    Conflict,
    DagNotBuilt,
    DamagedDocument,
    Fault,
    InvalidDefinition,
    InvalidRequest,
)
from openmetadata_airflow_apis.stores import atomic_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.definition import Workflow
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.older_plugin_store import OlderPluginStore

COMMENT = "Taken over from the older plugin"


@dataclass(frozen=True)
class TakenOver:
    """A DAG that was, or with dry_run would be, taken over. is_paused: None if Airflow doesn't know it."""

    dag_id: str
    tasks: int
    is_paused: bool | None
    runs: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Left:
    """A DAG that stays as it is. reasons: why, each with the file or place that it is about."""

    dag_id: str
    reasons: tuple[str, ...]


def take_over(
    store: OlderPluginStore, *, user: str, settings: Settings, session: Session, dry_run: bool
) -> Iterator[TakenOver | Left]:
    """Take over each DAG that the older plugin has deployed; yield TakenOver, or Left for one that stays as it is.

    dry_run: change nothing, and yield what would be. A DAG is replaced as by a deploy: two renames and one transaction.
    Its row, with the paused state, and its runs stay. Raises Unavailable if the database does not answer; the DAGs
    that were taken over before stay so.
    """
    for dag_id in store.older_dag_ids():
        try:
            yield _take_over(dag_id, store, user=user, settings=settings, session=session, dry_run=dry_run)
        except InvalidDefinition as error:
            session.rollback()
            yield Left(dag_id, tuple(f"{store.record(dag_id)}: {fault}" for fault in error.faults))
        except (Conflict, DamagedDocument, DagNotBuilt, InvalidRequest) as error:
            session.rollback()
            yield Left(dag_id, (str(error),))


def _take_over(
    dag_id: str, store: OlderPluginStore, *, user: str, settings: Settings, session: Session, dry_run: bool
) -> TakenOver | Left:
    if not store.is_older(dag_id):
        return Left(dag_id, (f"{store.record(dag_id)}: {store.fileloc(dag_id)} is not the older plugin's",))
    config = read_older_config(atomic_files.read_bytes(store.record(dag_id)) or b"")
    workflow: Workflow = check_workflow(config.body, settings, now=timezone.utcnow())
    if workflow.dag_id != dag_id:
        raise InvalidDefinition([Fault("", f"holds the DAG `{workflow.dag_id}`")])
    if not dry_run:
        store.keep_older_files(dag_id)
    deploy(workflow, user=user, settings=settings, session=session, dry_run=dry_run, comment=COMMENT, store=store)
    is_paused = session.scalar(select(DagModel.is_paused).where(DagModel.dag_id == dag_id))
    runs = session.scalar(select(func.count()).select_from(DagRun).where(DagRun.dag_id == dag_id))
    return TakenOver(dag_id, len(workflow.definition["tasks"]), is_paused, runs or 0, config.notes)
