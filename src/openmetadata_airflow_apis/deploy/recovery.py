"""Ends what a process that died has left of a name: deploy, delete and refresh begin with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.deploy.row_deletion import delete_rows
from openmetadata_airflow_apis.transactions import in_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


def finish_interrupted(dag_id: str, store: DefinitionStore, *, session: Session) -> int | None:
    """End what a process that died has left of a name; the caller holds its lock. Commits the session.

    Returns how many rows a removal that was begun had still to delete, None where there was none.
    """
    if not store.finish(dag_id):
        return None
    deleted: int = in_transaction(lambda: delete_rows(dag_id, store.fileloc(dag_id), session=session), session=session)
    store.forget(dag_id)
    return deleted
