"""`openmetadata-airflow-apis migrate-store --to database|files`: moves deployed DAGs from one store to the other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from airflow.utils.session import create_session

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.cli import confirmation
from openmetadata_airflow_apis.deploy.store_migration import move_all
from openmetadata_airflow_apis.settings import Settings, dags_folder
from openmetadata_airflow_apis.stores import loader_files
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    import argparse

    from openmetadata_airflow_apis.deploy.store_migration import Moved


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--to", choices=("database", "files"), required=True, help="the store to move to")
    parser.add_argument("--dry-run", action="store_true", help="list what would be moved, and move nothing")


def run(arguments: argparse.Namespace) -> int:
    """Move each DAG and print the outcome; return 0, or 1 if one stays where it is."""
    with confirmation.without_logs():
        return _run(arguments.to, dry_run=arguments.dry_run)


def _run(to: str, *, dry_run: bool) -> int:
    settings = Settings.load()
    outcomes: list[Moved] = []
    with database_errors("Airflow's database does not answer; call migrate-store again, which moves what is left"):
        own_tables.refuse_newer_tables()
        with create_session() as session:
            for outcome in move_all(to, dry_run=dry_run, settings=settings, session=session):
                outcomes.append(outcome)
                print(_sentence(outcome, to, dry_run), flush=True, file=sys.stderr if outcome.reason else sys.stdout)
    staying_ids = {outcome.dag_id for outcome in outcomes if outcome.reason}
    number = len({outcome.dag_id for outcome in outcomes} - staying_ids)
    print(f"{'Would move' if dry_run else 'Moved'} {number} DAG{'' if number == 1 else 's'}", end="")
    print(f"; {len(staying_ids)} stay where they are" if staying_ids else "")
    if staying_ids:
        return 1
    if not dry_run:
        _say_what_is_next(to, settings)
    return 0


def _sentence(outcome: Moved, to: str, dry_run: bool) -> str:  # noqa: FBT001
    if outcome.reason:
        return f"{outcome.dag_id}: stays where it is: {outcome.reason}"
    if outcome.is_left_over:
        verb = "would be" if dry_run else "was"
        return f"{outcome.dag_id}: was deleted after an earlier call had copied it; its files {verb} taken away"
    return f"{outcome.dag_id}: {'would be moved' if dry_run else 'moved'} to the {to}"


def _say_what_is_next(to: str, settings: Settings) -> None:
    if settings.definition_store != to:
        print(f"Set definition_store = {to} for every component, and start the webservers")
    if to == "files" and loader_files.present(dags_folder()):
        print(f"Then take {loader_files.PATTERN} out of the dags folder of each node")
