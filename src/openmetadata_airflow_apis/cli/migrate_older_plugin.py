"""`openmetadata-airflow-apis migrate-older-plugin`: takes over what the older plugin has deployed.

It is a verb of this command and not of the client, since it needs the webserver's files and database.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from airflow.utils.session import create_session

from openmetadata_airflow_apis.cli import confirmation
from openmetadata_airflow_apis.deploy.older_plugin import Left, TakenOver, take_over
from openmetadata_airflow_apis.errors import ConfigurationError
from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores.older_plugin_store import KEPT, OlderPluginStore

if TYPE_CHECKING:
    import argparse


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
