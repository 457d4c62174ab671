"""Completes or sweeps what a process that died has left under a name. Deploy, delete and refresh begin with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.deploy.row_deletion import delete_rows_patiently
from openmetadata_airflow_apis.transactions import in_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


def finish_interrupted(dag_id: str, store: DefinitionStore, *, session: Session) -> int | None:
    """Complete or sweep what a process that died has left under a name; the caller holds its lock. Commits.

    Returns how many rows were deleted to complete a removal, None if no removal was begun.
    """
    if not store.finish_interrupted(dag_id):
        return None
    fileloc = store.fileloc(dag_id)
    deleted: int = in_transaction(lambda: delete_rows_patiently(dag_id, fileloc, session=session), session=session)
    store.end_removal(dag_id)
    return deleted
