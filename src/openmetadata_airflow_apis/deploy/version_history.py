"""What the table of versions is told: of each deploy in its own transaction, and of what a crash has kept from it.

The store says what is deployed. A process that dies between the store and the database leaves a deployment whose
version has no row: the next deploy or delete of the DAG, a refresh, or the next start of a webserver writes it.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.utils import timezone
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from openmetadata_airflow_apis import own_tables
from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.errors import ManagedDagsError, Unavailable
from openmetadata_airflow_apis.stores import idempotency_keys, open_store, version_rows
from openmetadata_airflow_apis.transactions import COLLISIONS, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

log = logging.getLogger(__name__)

_BATCH = 50
# A deploy looks for versions to prune at each of so many: it costs a few statements.
_PRUNE_EACH = 10


def check_tables(*, session: Session) -> None:
    """Make our tables where they are missing; raise ConfigurationError where they are a newer release's, Unavailable.

    Rolls the session back to make them.
    """
    own_tables.refuse_newer(ask_schema(lambda: session.execute(select(own_tables.SCHEMA.c.version)), session).version)


def ask_schema(ask: Callable[[], Any], session: Session) -> Any:
    """Return the one row that a question to the table of our schema's version gives, made first where it is missing."""
    try:
        row = ask().first()
    except (OperationalError, ProgrammingError):
        session.rollback()
        if own_tables.is_there(own_tables.SCHEMA):
            raise
        row = None
    if row is None:
        session.rollback()
        try:
            version_rows.make_tables()
        except ProgrammingError as error:
            raise Unavailable(
                "The tables of versions are missing in Airflow's database, whose user may not make them "
                f"({error.orig}); let it create tables, and send the request again"
            ) from error
        row = ask().one()
    return row


def record_deletion(dag_id: str, document: StoredDocument | None, *, moment: datetime, session: Session) -> None:
    """Mark a DAG's versions as deleted, after the one whose row a crash has lost, in the caller's transaction.

    document: what was deployed, None where that is gone already.
    """
    if document is not None:
        newest = version_rows.newest([dag_id], session=session).get(dag_id, version_rows.Newest())
        rows, _ = version_rows.to_record(newest, [document])
        version_rows.write(rows, session=session)
    version_rows.mark_deleted(dag_id, moment, session=session)


def prune_now_and_then(dag_id: str, version_number: int, *, settings: Settings, session: Session) -> None:
    """Prune a DAG's versions at each tenth of them, in the caller's transaction."""
    if version_number % _PRUNE_EACH == 0:
        _prune(settings, dag_id=dag_id, session=session)


def prune(settings: Settings, *, session: Session) -> None:
    """Forget the versions that the settings no longer keep. Commits the session."""
    in_one_transaction(lambda: _prune(settings, session=session), session=session, again_after=COLLISIONS)


def _prune(settings: Settings, *, dag_id: str | None = None, session: Session) -> None:
    version_rows.prune(
        keep=settings.keep_versions,
        deleted_before=timezone.utcnow() - timedelta(days=settings.keep_deleted_days),
        dag_id=dag_id,
        session=session,
    )


def unrecorded(revisions: Mapping[str, str], *, session: Session) -> list[str]:
    """Return the DAGs of which the newest version is not what is deployed, in the order in which they are locked.

    revisions: those that are deployed, by dag_id. One statement.
    """
    newest = version_rows.newest(session=session)
    none = version_rows.Newest()
    return sorted(
        (dag_id for dag_id, revision in revisions.items() if newest.get(dag_id, none).revision != revision),
        key=folded,
    )


def record_missing(dag_ids: Iterable[str], store: DefinitionStore, *, session: Session) -> dict[str, str]:
    """Write the missing rows of what is deployed under these names; return why some could not be. Commits the session.

    dag_ids: in the order in which they are locked. What cannot be read is left out: whoever reads it says so.
    """
    failed: dict[str, str] = {}
    names = list(dag_ids)
    for start in range(0, len(names), _BATCH):
        with ExitStack() as locks:
            documents: dict[str, StoredDocument] = {}
            for dag_id in names[start : start + _BATCH]:
                try:
                    locks.enter_context(store.locked(dag_id))
                    document = store.read(dag_id)
                except ManagedDagsError as error:
                    failed[dag_id] = str(error)
                else:
                    if document is not None:
                        documents[dag_id] = document
            in_one_transaction(
                lambda documents=documents: _record(documents, session=session),  # type: ignore[misc]
                session=session,
                again_after=COLLISIONS,
            )
    return failed


def _record(documents: Mapping[str, StoredDocument], *, session: Session) -> None:
    newest = version_rows.newest(documents, session=session)
    none = version_rows.Newest()
    rows = []
    for dag_id, document in documents.items():
        rows += version_rows.to_record(newest.get(dag_id, none), [document])[0]
    version_rows.write(rows, session=session)


def record_versions_at_start(settings: Settings) -> None:
    """Make our tables that have a version, and write the versions that are missing of what is deployed.

    These are of what was deployed before there were versions, and those that a crash has lost. What cannot be done now
    is logged: a deploy tries again, and says why it can't.
    """
    try:
        version_rows.make_tables()
        idempotency_keys.make_table()
        store = open_store(settings)
        store.make_ready()
        with create_session() as session:
            check_tables(session=session)
            revisions = {dag_id: head.revision for dag_id, head in store.heads().items()}
            record_missing(unrecorded(revisions, session=session), store, session=session)
            prune(settings, session=session)
    except (SQLAlchemyError, ManagedDagsError):
        log.exception("The table %s cannot be made or written in Airflow's database", version_rows.TABLE.name)
