"""Finishes or removes what a process that died has left under a name. Deploy, delete and refresh call it first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.utils import timezone

from openmetadata_airflow_apis.deploy.new_versions import record_deletion
from openmetadata_airflow_apis.deploy.row_deletion import delete_rows_patiently
from openmetadata_airflow_apis.deploy.schema_check import check_tables
from openmetadata_airflow_apis.transactions import COLLISIONS, in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


def finish_interrupted(dag_id: str, store: DefinitionStore, *, session: Session) -> int | None:
    """Finish or remove what a process that died has left under a name. The caller holds the name's lock. Commits.

    Returns how many rows were deleted to finish a removal, None if no removal had begun.
    """
    if not store.finish_interrupted(dag_id):
        return None
    check_tables(session=session)
    fileloc = store.own_fileloc(dag_id)
    # A count for each try: after a commit whose answer was lost, the next try finds no rows.
    deleted_counts: list[int] = []

    def change() -> None:
        deleted_counts.append(delete_rows_patiently(dag_id, fileloc, session=session))
        record_deletion(dag_id, None, moment=timezone.utcnow(), session=session)

    earlier = f"an earlier deletion of the DAG `{dag_id}`"
    in_one_transaction(
        change,
        session=session,
        again_after=COLLISIONS,
        unavailable=f"Airflow's database does not answer; {earlier} has still to be finished, try again later",
        unknown=lambda _: (
            f"Airflow's database broke off; it isn't known whether {earlier} is finished, try again later"
        ),
    )
    store.end_removal(dag_id)
    return max(deleted_counts)
