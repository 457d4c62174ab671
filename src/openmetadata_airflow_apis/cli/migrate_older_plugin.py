"""`openmetadata-airflow-apis migrate-older-plugin`: takes over what the older plugin has deployed.

The DAGs keep their dag_ids and runs, and get files of ours. It is a verb of this command and not of the client, since
it needs the webserver's files and database.
"""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils import timezone
from airflow.utils.session import create_session
from sqlalchemy import func, select

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.cli import confirmation
from openmetadata_airflow_apis.definition.older_plugin_configs import read_older_config
from openmetadata_airflow_apis.deploy.deployment import deploy
from openmetadata_airflow_apis.errors import (
    ConfigurationError,
    Conflict,
    DagNotBuilt,
    DamagedDocument,
    Fault,
    InvalidDefinition,
    InvalidRequest,
)
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import atomic_files
from openmetadata_airflow_apis.stores.older_plugin_store import KEPT, OlderPluginStore

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.definition import Workflow

COMMENT = "Taken over from the older plugin"


@dataclass(frozen=True)
class Left:
    """A DAG that stays as it is. reasons: why, each with the file or place that it is about."""

    dag_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class TakenOver:
    """A DAG that was, or with dry_run would be, taken over. is_paused: None if Airflow doesn't know it."""

    dag_id: str
    tasks: int
    is_paused: bool | None
    runs: int
    notes: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    confirmation.add_arguments(parser, dry_run="list what would be taken over, and change nothing")


def run(arguments: argparse.Namespace) -> int:
    """List what would be taken over, ask, and do it; return 0, or 1 if something is left to do by hand."""
    with confirmation.without_logs():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    settings = Settings.load()
    if settings.definition_store != "files":
        raise ConfigurationError(
            f"[openmetadata_airflow_apis] definition_store is '{settings.definition_store}'",
            cure="set it to files for this, and call migrate-store then",
        )
    store = OlderPluginStore(settings)
    taken_count, left_count = _take_over(store, settings, dry_run=True)
    print(f"{settings.dag_generated_configs}: {taken_count} can be taken over, {left_count} can not")
    if arguments.dry_run or not taken_count:
        return 1 if left_count else 0
    if not (arguments.yes or confirmation.confirmed("migrate", to_do="take these over")):
        print("Nothing was changed", file=sys.stderr)
        return 1
    taken_count, left_count = _take_over(store, settings, dry_run=False)
    print(
        f"{taken_count} taken over, {left_count} left; "
        f"the older plugin's files are in {settings.dag_generated_configs / KEPT}"
    )
    return 1 if left_count else 0


def _take_over(store: OlderPluginStore, settings: Settings, *, dry_run: bool) -> tuple[int, int]:
    """Take over each DAG and print the outcome; return how many are taken over, and how many are not."""
    counts = {TakenOver: 0, Left: 0}
    with create_session() as session:
        for dag in take_over(store, user=getpass.getuser(), settings=settings, session=session, dry_run=dry_run):
            counts[type(dag)] += 1
            print(*_lines(dag, dry_run=dry_run), sep="\n    ")
    return counts[TakenOver], counts[Left]


def _lines(dag: TakenOver | Left, *, dry_run: bool) -> list[str]:
    if isinstance(dag, Left):
        return [f"{dag.dag_id}: stays as it is", *dag.reasons]
    paused_state = {True: "paused, as it was", False: "not paused, as it was", None: "new to Airflow"}[dag.is_paused]
    outcome = "would be taken over" if dry_run else "taken over"
    return [f"{dag.dag_id}: {outcome}, tasks: {dag.tasks}, runs that stay: {dag.runs}, {paused_state}", *dag.notes]


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
            yield _taken_over(dag_id, store, user=user, settings=settings, session=session, dry_run=dry_run)
        except InvalidDefinition as error:
            session.rollback()
            yield Left(dag_id, tuple(f"{store.record(dag_id)}: {fault}" for fault in error.faults))
        except (Conflict, DamagedDocument, DagNotBuilt, InvalidRequest) as error:
            session.rollback()
            yield Left(dag_id, (str(error),))


def _taken_over(
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
