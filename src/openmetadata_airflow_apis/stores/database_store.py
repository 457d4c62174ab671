"""The database store: a row for each DAG in Airflow's database; loader files on each node build the DAGs from it.

The row is written with Airflow's rows in one transaction, so a crash leaves nothing half done. The store reads through
connections of its own, since the caller's session may still see the time before somebody else's deploy.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow import settings as airflow_settings
from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError, ProgrammingError

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.dagbuild.shard_tables import DEPLOYED_DAG, IMPORT_ERROR, PARSED_DAG, make_tables
from openmetadata_airflow_apis.dagbuild.shards import CURE, decompressed, hash_of, place_of, shard_of
from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument, compressed, decode
from openmetadata_airflow_apis.definition.dag_ids import folded, is_name
from openmetadata_airflow_apis.errors import DamagedDocument, ManagedDagsError, Unavailable
from openmetadata_airflow_apis.settings import dags_folder
from openmetadata_airflow_apis.stores import version_rows
from openmetadata_airflow_apis.stores.atomic_files import storage_errors
from openmetadata_airflow_apis.stores.database_locks import locked_in_database
from openmetadata_airflow_apis.stores.definition_store import Head, ImportFailure, NodeParse, StoreHealth
from openmetadata_airflow_apis.stores.differs_in_case import refuse_in_other_case
from openmetadata_airflow_apis.stores.loader_files import file_name
from openmetadata_airflow_apis.stores.name_locks import HeldElsewhere
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import Deployment

_LOCK_SECONDS = 20.0
_ROW = DEPLOYED_DAG.c
_ERROR = IMPORT_ERROR.c
_NO_ANSWER = "Airflow's database does not answer; try again later"


class DatabaseStore:
    """Keeps definitions as rows; the port, definition_store.DefinitionStore, says what each method promises."""

    in_database = True

    def __init__(self, settings: Settings) -> None:
        self._shards: int = settings.loader_shards
        self._claimed: dict[str, str | None] = {}

    @contextmanager
    def locked(self, dag_id: str) -> Iterator[None]:
        """Hold the name by a lock of the database."""
        busy = f"The DAG `{dag_id}` is being deployed or deleted by another request; try again when that is done"
        with _held(folded(dag_id), busy):
            yield

    @contextmanager
    def locked_bundle(self, bundle_name: str) -> Iterator[None]:
        """Hold the bundle by a lock whose name no DAG can have."""
        busy = f"The bundle `{bundle_name}` is being applied by another request; try again when that is done"
        with _held(f"bundle {folded(bundle_name)}", busy):
            yield

    def heads(self) -> dict[str, Head]:
        """Read the heads from the columns beside the documents."""
        rows = _ask(select(_ROW.dag_id, _ROW.mark, _ROW.bundle_name))
        return {row.dag_id: Head(row.mark.partition(" ")[0], row.bundle_name) for row in rows}

    def fileloc(self, dag_id: str) -> str:
        """Return the path of the loader file of the DAG's shard, which this machine may not have."""
        return str(dags_folder() / file_name(shard_of(dag_id, self._shards), self._shards))

    def own_fileloc(self, dag_id: str) -> str | None:  # noqa: ARG002 - the port's signature
        """Return None: many DAGs come from one loader file."""
        return None

    def make_ready(self) -> None:
        """Create the missing tables. Raises SQLAlchemyError."""
        _make_tables()

    def dag_ids(self) -> list[str]:
        """Return the names in the table."""
        return sorted(row[0] for row in _ask(select(_ROW.dag_id)))

    def dag_ids_page(self, offset: int, limit: int) -> tuple[list[str], int]:
        """Let the database sort and count: for thousands of rows that is faster than in Python."""
        # PostgreSQL sorts by its locale; the other databases compare the bytes of a dag_id, as Python does.
        by_bytes = {"postgresql": _ROW.dag_id.collate("C")}.get(airflow_settings.engine.dialect.name, _ROW.dag_id)
        ordered = select(_ROW.dag_id).order_by(by_bytes).offset(offset).limit(limit)
        names = [row[0] for row in _ask(ordered)]
        return names, _ask(select(func.count()).select_from(DEPLOYED_DAG))[0][0]

    def interrupted(self) -> set[str]:
        """Return an empty set: a transaction that was not committed leaves nothing."""
        return set()

    def knows(self, dag_id: str) -> bool:
        """Say whether there is a row."""
        return is_name(dag_id) and bool(_ask(select(_ROW.dag_id).where(_ROW.dag_id == dag_id)))

    def check_configuration(self) -> None:
        """Do nothing: every value of the options can be used."""

    def health(self) -> StoreHealth:
        """Say whether the table can be read; the loader files may be on other machines."""
        try:
            _ask(select(_ROW.dag_id).limit(1))
        except Unavailable:
            return StoreHealth(definitions=False, dag_files=False)
        return StoreHealth(definitions=True, dag_files=True)

    def read(self, dag_id: str) -> StoredDocument | None:
        """Return the document in the DAG's row."""
        if not is_name(dag_id):
            return None
        rows = _ask(select(_ROW.dag_id, _ROW.mark, _ROW.document).where(_ROW.dag_id == dag_id))
        return _document(rows[0]) if rows else None

    def read_many(self, dag_ids: Iterable[str]) -> tuple[dict[str, StoredDocument], dict[str, ManagedDagsError]]:
        """Read all of them in one statement."""
        names = [dag_id for dag_id in dag_ids if is_name(dag_id)]
        if not names:
            return {}, {}
        rows = _ask(select(_ROW.dag_id, _ROW.mark, _ROW.document).where(_ROW.dag_id.in_(names)))
        rows_by_name = {row.dag_id: row for row in rows}
        documents, refused = {}, {}
        for dag_id in names:
            if dag_id not in rows_by_name:
                continue
            try:
                documents[dag_id] = _document(rows_by_name[dag_id])
            except ManagedDagsError as error:
                refused[dag_id] = error
        return documents, refused

    def deployments(
        self, dag_ids: Iterable[str]
    ) -> tuple[dict[str, Deployment | StoredDocument], dict[str, ManagedDagsError]]:
        """Read all documents in one statement: only reading them shows which are damaged."""
        documents, refused = self.read_many(dag_ids)
        return {**documents}, refused

    def without_dag_file(self, dag_ids: Iterable[str]) -> set[str]:  # noqa: ARG002 - the port's signature
        """Return an empty set: the loader files may be on other machines."""
        return set()

    def import_errors(self, dag_ids: Iterable[str], *, session: Session) -> dict[str, ImportFailure]:
        """Return the newest error that a DAG processor has noted for each DAG."""
        rows = session.execute(select(IMPORT_ERROR).where(_ERROR.dag_id.in_(list(dag_ids))).order_by(_ERROR.timestamp))
        return {row.dag_id: ImportFailure(row.stacktrace, row.timestamp, row.mark) for row in rows}

    def with_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> list[str]:
        """Select all DAGs with an error; these are fewer than dag_ids."""
        failing = set(session.scalars(select(_ERROR.dag_id)))
        return [dag_id for dag_id in dag_ids if dag_id in failing]

    def forget_import_errors(self, dag_ids: Iterable[str], *, session: Session) -> None:
        """Delete the errors that DAG processors have noted for the DAGs."""
        session.execute(
            delete(IMPORT_ERROR).where(_ERROR.dag_id.in_(list(dag_ids))).execution_options(synchronize_session=False)
        )

    def parses(self, dag_id: str, *, session: Session) -> list[NodeParse] | None:
        """Return the parses and errors that DAG processors have noted, sorted by hostname."""
        values_by_host: dict[str, dict[str, Any]] = {}
        for row in session.execute(select(PARSED_DAG).where(PARSED_DAG.c.dag_id == dag_id)):
            files = json.loads(row.callable_files or "{}")
            values_by_host[row.hostname] = {"mark": row.mark, "parsed_at": row.timestamp, "callable_files": files}
        for row in session.execute(select(IMPORT_ERROR).where(_ERROR.dag_id == dag_id)):
            values_by_host.setdefault(row.hostname, {})["failure"] = ImportFailure(
                row.stacktrace, row.timestamp, row.mark
            )
        return [NodeParse(hostname, **values) for hostname, values in sorted(values_by_host.items())]

    def has_dag_file(self, dag_id: str) -> bool:
        """Say whether the DAG has a row, from which the loader files build it."""
        return self.knows(dag_id)

    def claim(self, dag_id: str) -> StoredDocument | None:
        """Return the document in the DAG's row; `write_rows` and `remove_rows` then change only the claimed row."""
        rows = _ask(select(_ROW.dag_id, _ROW.mark, _ROW.document).where(_ROW.folded_dag_id == folded(dag_id)))
        self._claimed[dag_id] = rows[0].mark if rows else None
        if not rows:
            return None
        refuse_in_other_case(dag_id, rows[0].dag_id)
        return _document(rows[0])

    def write(self, document: StoredDocument) -> None:
        """Do nothing: `write_rows` writes the row."""

    def take_back(self, dag_id: str, previous: StoredDocument | None) -> None:
        """Do nothing: `write` did nothing."""

    def write_rows(self, document: StoredDocument, *, session: Session) -> None:
        """Replace the row that was claimed by the document's."""
        values = {
            "mark": document.mark,
            "deployed_at": document.deployed_at,
            "deployed_by": document.deployed_by,
            "bundle_name": document.bundle_name,
            "document": compressed(document),
        }
        dag_id = document.dag_id
        claimed_mark = self._claimed.get(dag_id)
        if claimed_mark is None:
            name_columns = {"dag_id": dag_id, "folded_dag_id": folded(dag_id), "id_hash": hash_of(dag_id)}
            session.execute(insert(DEPLOYED_DAG).values(**name_columns, **values))
            return
        row_update = update(DEPLOYED_DAG).where(_ROW.dag_id == dag_id, _ROW.mark == claimed_mark).values(**values)
        self._refuse_if_lost(dag_id, session.execute(row_update.execution_options(synchronize_session=False)).rowcount)

    def remove_rows(self, dag_id: str, *, session: Session) -> None:
        """Delete the row that was claimed, and what DAG processors have noted for the DAG."""
        self.forget_import_errors([dag_id], session=session)
        session.execute(
            delete(PARSED_DAG).where(PARSED_DAG.c.dag_id == dag_id).execution_options(synchronize_session=False)
        )
        claimed_mark = self._claimed.get(dag_id)
        if claimed_mark is not None:
            row_deletion = delete(DEPLOYED_DAG).where(_ROW.dag_id == dag_id, _ROW.mark == claimed_mark)
            self._refuse_if_lost(
                dag_id, session.execute(row_deletion.execution_options(synchronize_session=False)).rowcount
            )

    def _refuse_if_lost(self, dag_id: str, changed_rows: int) -> None:
        if changed_rows == 0:  # the connection that held the lock has broken
            raise Unavailable(f"The DAG `{dag_id}` was deployed or deleted by another request meanwhile; try again")

    @contextmanager
    def removing(self, dag_id: str) -> Iterator[None]:  # noqa: ARG002 - the port's signature
        """Do nothing: `remove_rows` deletes the row."""
        yield

    def finish_interrupted(self, dag_id: str) -> bool:  # noqa: ARG002 - the port's signature
        """Return False: a crash leaves nothing."""
        return False

    def end_removal(self, dag_id: str) -> None:
        """Do nothing."""

    def dismantle(self) -> None:
        """Do nothing: there are only the tables, and the loader files that install-loader has written."""


@contextmanager
def _held(name: str, busy: str) -> Iterator[None]:
    with ExitStack() as locks:
        try:
            folder = Path(airflow_settings.engine.url.database or ".").parent  # of SQLite's file
            with database_errors(_NO_ANSWER), storage_errors(folder):
                locks.enter_context(locked_in_database(name, seconds=_LOCK_SECONDS))
        except HeldElsewhere:
            raise Unavailable(busy) from None
        yield


def _document(row: Any) -> StoredDocument:
    """Return the document of a row. Raises DamagedDocument."""
    place = place_of(row.dag_id)
    try:
        document = decode(decompressed(row.document, row.dag_id), place)
    except DamagedDocument as damage:
        raise DamagedDocument(place, damage.reason, cure=CURE) from None
    if (document.dag_id, document.mark) != (row.dag_id, row.mark):
        raise DamagedDocument(place, "the definition is not the row's", cure=CURE)
    return document


def _ask(query: Any) -> Sequence[Any]:
    """Return the rows of a query, after making the tables if they are missing. Raises Unavailable."""
    with database_errors(_NO_ANSWER):
        try:
            with airflow_settings.engine.connect() as connection:
                return connection.execute(query).all()  # fetching row by row takes twice as long
        except (OperationalError, ProgrammingError):
            if own_tables.is_there(DEPLOYED_DAG) and own_tables.is_there(IMPORT_ERROR):
                raise
        _make_tables()
        with airflow_settings.engine.connect() as connection:
            return connection.execute(query).all()


def _make_tables() -> None:
    version_rows.make_tables()  # these first: other code that finds any of our tables expects these
    make_tables()


def noted_import_error(dag_id: str, *, session: Session) -> str | None:
    """Return the newest error of what is deployed under a name, None if there is none. One statement."""
    is_of_deployed = and_(DEPLOYED_DAG.c.dag_id == IMPORT_ERROR.c.dag_id, DEPLOYED_DAG.c.mark == IMPORT_ERROR.c.mark)
    text = session.execute(
        select(IMPORT_ERROR.c.stacktrace)
        .select_from(IMPORT_ERROR.join(DEPLOYED_DAG, is_of_deployed))
        .where(IMPORT_ERROR.c.dag_id == dag_id)
        .order_by(IMPORT_ERROR.c.timestamp.desc())
    ).scalar()
    return str(text) if text else None
