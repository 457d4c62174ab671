"""`openmetadata-airflow-apis migrate-store --to database|files`: moves deployed DAGs from one store to the other.

They are moved one after the other; Airflow keeps their runs and paused states. A DAG's definition is written to the new
store before it is removed from the old one. A process that dies in between leaves it in both, and the next call goes on
from there. The stored document is moved unchanged, byte by byte, so the versions, which both stores share, and the
serialized DAG's mark stay valid. In Airflow's rows only the file changes.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from airflow.models.dagcode import DagCode
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils import timezone
from airflow.utils.session import create_session
from sqlalchemy import func, select, update

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.airflow_versions.dag_parsing import request_parsing
from openmetadata_airflow_apis.cli import confirmation
from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.deploy.dag_rows import renew_at_next_parse
from openmetadata_airflow_apis.deploy.deletion import finish_interrupted
from openmetadata_airflow_apis.deploy.new_versions import record_missing, unrecorded
from openmetadata_airflow_apis.deploy.row_ownership import refuse_what_is_not_ours
from openmetadata_airflow_apis.errors import ConfigurationError, ManagedDagsError
from openmetadata_airflow_apis.own_tables import check_tables
from openmetadata_airflow_apis.settings import Settings, dags_folder
from openmetadata_airflow_apis.stores import loader_files, version_rows
from openmetadata_airflow_apis.stores.database_store import DatabaseStore
from openmetadata_airflow_apis.stores.file_store import FileStore
from openmetadata_airflow_apis.transactions import COLLISIONS, database_errors, in_one_transaction

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

_NOT_MOVED = "Airflow's database does not answer; the DAG `{}` was not moved, call migrate-store again"
_UNKNOWN = "Airflow's database broke off; it isn't known whether the DAG `{}` was moved, call migrate-store again"


@dataclass(frozen=True)
class Moved:
    """A DAG that was moved, or stays. is_left_over: it was deleted in the new store, so only its old files are removed.

    reason: why it stays where it is; None if it was moved.
    """

    dag_id: str
    is_left_over: bool = False
    reason: str | None = None


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


def move_all(
    to: str, *, dry_run: bool, settings: Settings, session: Session, files: FileStore | None = None
) -> Iterator[Moved]:
    """Move every DAG to the store `to`, "database" or "files", and yield the outcome for each. Commits the session.

    dry_run: change nothing, and yield what the outcome would be. Raises Unavailable, and ConfigurationError if the new
    store can't be used here.
    """
    files, database = files or FileStore(settings), DatabaseStore(settings)
    check_tables(version_rows.TABLE, session=session)
    database.make_ready()
    if to == "database":
        _check_loader_files(settings)
    else:
        files.check_configuration()
    move = _Move(files, database, to == "database", session)
    if not dry_run:
        yield from move.finish_interrupted()
    for dag_id in sorted(move.source.dag_ids(), key=folded):
        try:
            outcome = move.plan(dag_id) if dry_run else move.move(dag_id)
        except ManagedDagsError as error:
            session.rollback()
            outcome = Moved(dag_id, reason=str(error))
        if outcome is not None:
            yield outcome


def _check_loader_files(settings: Settings) -> None:
    folder, shards = dags_folder(), settings.loader_shards
    names = {loader_files.file_name(shard, shards) for shard in range(shards)}
    if not names <= {path.name for path in loader_files.present(folder)}:
        raise ConfigurationError(
            f"Not all of the {shards} loader files are in {folder}, without which no DAG in the database is found; run "
            f"`openmetadata-airflow-apis install-loader {folder}` on each node first"
        )


class _Move:
    def __init__(self, files: FileStore, database: DatabaseStore, to_database: bool, session: Session) -> None:  # noqa: FBT001
        self.files = files
        self.database = database
        self.to_database = to_database
        self.session = session
        self.source: DefinitionStore = files if to_database else database
        self.target: DefinitionStore = database if to_database else files

    def finish_interrupted(self) -> Iterator[Moved]:
        """Finish or remove what a process that died has left in the old store; yield each DAG for which that failed."""
        for dag_id in sorted(self.source.interrupted()):
            try:
                with self.source.locked(dag_id):
                    finish_interrupted(dag_id, self.source, session=self.session)
            except ManagedDagsError as error:
                yield Moved(dag_id, reason=str(error))
        documents, _ = self.source.read_many(self.source.dag_ids())  # move() says why a DAG is damaged
        revisions = {
            dag_id: document.revision
            for dag_id, document in documents.items()
            if not self._is_left_over(dag_id, document)
        }
        self.session.commit()
        missing = unrecorded(revisions, session=self.session)
        for dag_id, reason in record_missing(missing, self.source, session=self.session).items():
            yield Moved(dag_id, reason=reason)

    def plan(self, dag_id: str) -> Moved | None:
        """Return the outcome that moving a DAG would have, None if it is gone. Raises the reason why it would stay."""
        document, _ = self._documents_of(dag_id)
        return None if document is None else Moved(dag_id, is_left_over=self._is_left_over(dag_id, document))

    def move(self, dag_id: str) -> Moved | None:
        """Move a DAG, with its name locked in both stores; return the outcome, None if the DAG is gone."""
        with ExitStack() as locks:
            for store in (self.files, self.database):
                locks.enter_context(store.locked(dag_id))
            if not self.to_database:
                self.files.finish_interrupted(dag_id)  # an earlier call may have died while it wrote the files
            document, in_target = self._documents_of(dag_id)
            if document is None:
                return None
            is_left_over = self._is_left_over(dag_id, document)
            self.session.commit()  # no read transaction stays open over the writing of files
            if not is_left_over:
                # Both stores have the DAG if an earlier call died: the later deployment counts, the other is a version.
                is_newer = in_target is None or in_target.deployed_at < document.deployed_at
                self._write(document if is_newer else None, dag_id)
            if self.to_database:
                self.files.take_away(dag_id)
            return Moved(dag_id, is_left_over=is_left_over)

    def _documents_of(self, dag_id: str) -> tuple[StoredDocument | None, StoredDocument | None]:
        """Return what the old and the new store have of a DAG. Raises if either is damaged or not ours."""
        if self.source.read(dag_id) is None:
            return None, None
        document, in_target = self.source.claim(dag_id), self.target.claim(dag_id)
        if self._fileloc(dag_id) != self.target.fileloc(dag_id):
            refuse_what_is_not_ours(dag_id, self.source.fileloc(dag_id), session=self.session)
        return document, in_target

    def _fileloc(self, dag_id: str) -> str | None:
        return self.session.scalar(select(DagModel.fileloc).where(DagModel.dag_id == dag_id))

    def _is_left_over(self, dag_id: str, document: StoredDocument) -> bool:
        """Say whether a DAG was deleted after an earlier call, which then died, had copied it to the new store."""
        row = version_rows.ROW
        deleted_at = self.session.scalar(select(func.max(row.deleted_at)).where(row.dag_id == dag_id))
        return deleted_at is not None and deleted_at > document.deployed_at and not self.target.knows(dag_id)

    def _write(self, document: StoredDocument | None, dag_id: str) -> None:
        """Write a document to the new store, None if it is there already, and point Airflow's rows to the new file."""
        if document is not None:
            self.target.write(document)

        def change() -> None:
            if document is not None:
                self.target.write_rows(document, session=self.session)
            self._relocate(dag_id)
            self.source.remove_rows(dag_id, session=self.session)

        in_one_transaction(
            change,
            session=self.session,
            was_committed=partial(self._is_committed, document, dag_id),
            again_after=COLLISIONS,
            unavailable=_NOT_MOVED.format(dag_id),
            unknown=lambda _: _UNKNOWN.format(dag_id),
        )

    def _is_committed(self, document: StoredDocument | None, dag_id: str) -> bool:
        row = self.database.read(dag_id)
        if not self.to_database:
            return row is None
        return row is not None and (document is None or row.mark == document.mark)

    def _relocate(self, dag_id: str) -> None:
        """Point Airflow's rows of a DAG to its new file, and have the next parse renew them."""
        fileloc, now = self.target.fileloc(dag_id), timezone.utcnow()
        dag, serialized = DagModel.__table__, SerializedDagModel.__table__
        # A DAG processor that parsed the new file before the move did not find the DAG, and would deactivate it.
        self.session.execute(
            update(dag).where(dag.c.dag_id == dag_id, dag.c.last_parsed_time.is_not(None)).values(last_parsed_time=now)
        )
        self.session.execute(update(dag).where(dag.c.dag_id == dag_id).values(fileloc=fileloc))
        self.session.execute(
            update(serialized)
            .where(serialized.c.dag_id == dag_id)
            .values(fileloc=fileloc, fileloc_hash=DagCode.dag_fileloc_hash(fileloc))
        )
        renew_at_next_parse(dag_id, session=self.session)
        self.source.forget_import_errors([dag_id], session=self.session)
        request_parsing({fileloc}, session=self.session)
