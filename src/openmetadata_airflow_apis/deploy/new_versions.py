"""Which definitions are new versions; records those that are missing, marks deleted ones, prunes old ones.

A deploy records its version in its own transaction. A process that dies after it has written to the store, but before
that transaction, leaves a deployment without a recorded version: the next deploy or delete of the DAG, a refresh, or
the next start of a webserver records it.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.utils import timezone
from sqlalchemy import delete, func, select

from openmetadata_airflow_apis.definition.dag_ids import folded
from openmetadata_airflow_apis.errors import ManagedDagsError
from openmetadata_airflow_apis.stores import version_rows
from openmetadata_airflow_apis.stores.version_rows import ROW, TABLE
from openmetadata_airflow_apis.transactions import COLLISIONS, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

log = logging.getLogger(__name__)

_BATCH = 50
# Pruning costs a few statements, so a deploy does it only at every tenth version.
_PRUNE_EACH = 10


def to_record(newest: version_rows.Newest, documents: Iterable[StoredDocument]) -> tuple[list[dict[str, Any]], int]:
    """Return the missing rows of documents that were deployed in this order, and the last version's number.

    newest: the DAG's newest recorded version. A document with the same revision as the one before it gets no row.
    """
    number, revision, rows = newest.version_number, newest.revision, []
    for document in documents:
        if document.revision != revision:
            number, revision = number + 1, document.revision
            rows.append(version_rows.new_row(document, number))
    return rows, number


def record_deletion(dag_id: str, document: StoredDocument | None, *, moment: datetime, session: Session) -> None:
    """Mark a DAG's versions as deleted, in the caller's transaction.

    document: what was deployed, so that its version is recorded first if a crash prevented that; None if it is gone.
    """
    if document is not None:
        newest = version_rows.newest([dag_id], session=session).get(dag_id, version_rows.Newest())
        rows, _ = to_record(newest, [document])
        version_rows.write(rows, session=session)
    version_rows.mark_deleted(dag_id, moment, session=session)


def prune_now_and_then(dag_id: str, version_number: int, *, settings: Settings, session: Session) -> None:
    """Prune a DAG's versions if version_number is a tenth one, in the caller's transaction.

    The version before always stays here, since on_import_error=restore may have to go back to it in a moment.
    """
    if version_number % _PRUNE_EACH == 0:
        _prune(settings, at_least=2, dag_id=dag_id, session=session)


def prune(settings: Settings, *, session: Session) -> None:
    """Delete the versions that the settings no longer keep. Commits the session."""
    in_one_transaction(lambda: _prune(settings, session=session), session=session, again_after=COLLISIONS)


def _prune(settings: Settings, *, at_least: int = 1, dag_id: str | None = None, session: Session) -> None:
    """Delete all but the newest versions of each DAG, and all of DAGs that were deleted too long ago.

    at_least: how many stay, whatever the settings say. dag_id: the only DAG to prune; None for all.
    """
    keep = max(settings.keep_versions, at_least)
    deleted_before = timezone.utcnow() - timedelta(days=settings.keep_deleted_days)
    too_many = (
        select(ROW.dag_id, func.max(ROW.version_number).label("newest"))
        .group_by(ROW.dag_id)
        .having(func.max(ROW.version_number) - func.min(ROW.version_number) >= keep)
    )
    too_old = delete(TABLE).where(ROW.deleted_at < deleted_before)
    if dag_id is not None:
        too_many, too_old = too_many.where(ROW.dag_id == dag_id), too_old.where(ROW.dag_id == dag_id)
    for row in session.execute(too_many).all():
        session.execute(delete(TABLE).where(ROW.dag_id == row.dag_id, ROW.version_number <= row.newest - keep))
    session.execute(too_old)


def unrecorded(revisions: Mapping[str, str], *, session: Session) -> list[str]:
    """Return the DAGs whose newest recorded version is not what is deployed, in the order in which they are locked.

    revisions: dag_id → deployed revision. One statement.
    """
    newest = version_rows.newest(session=session)
    no_version = version_rows.Newest()
    return sorted(
        (dag_id for dag_id, revision in revisions.items() if newest.get(dag_id, no_version).revision != revision),
        key=folded,
    )


def record_missing(dag_ids: Iterable[str], store: DefinitionStore, *, session: Session) -> dict[str, str]:
    """Record the missing versions of deployed DAGs; return the reason for each that failed. Commits the session.

    dag_ids: in the order in which they are locked. Returns dag_id → reason.
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
    no_version = version_rows.Newest()
    rows = []
    for dag_id, document in documents.items():
        rows += to_record(newest.get(dag_id, no_version), [document])[0]
    version_rows.write(rows, session=session)
