"""Deleting a DAG for good: its definition and every row, so that nothing brings it back.

The rows are deleted without a commit, then the definition is removed, then the transaction is committed; if that
fails, the definition is put back. A parse that began before may end after it, and would bring the DAG back. Airflow's
sync waits for our lock on the DAG's row before it writes anything of the DAG; by then the definition is gone. The sync
of a DAG in a file of its own is then refused (dagbuild/late_file_rows.py); that of a shard leaves this DAG out
(dagbuild/late_shard_rows.py).
"""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.deploy.new_versions import record_deletion
from openmetadata_airflow_apis.deploy.ownership import refuse_unless_abandoned, refuse_what_is_not_ours
from openmetadata_airflow_apis.deploy.preconditions import WHATEVER, Precondition
from openmetadata_airflow_apis.deploy.recovery import finish_interrupted
from openmetadata_airflow_apis.deploy.row_deletion import count_rows, delete_rows_patiently
from openmetadata_airflow_apis.stores import open_store
from openmetadata_airflow_apis.transactions import database_errors, in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore


@dataclass(frozen=True)
class DeletedDag:
    """A DAG that was deleted. deleted_rows: how many rows of Airflow's database were deleted with it.

    dry_run: nothing was deleted; deleted_rows says how many rows would have been.
    """

    dag_id: str
    deleted_rows: int
    dry_run: bool = False


def delete_dag(
    dag_id: str,
    *,
    dry_run: bool = False,
    user: str,
    settings: Settings,
    session: Session,
    precondition: Precondition = WHATEVER,
    store: DefinitionStore | None = None,
    is_locked: bool = False,
) -> DeletedDag:
    """Delete a deployed DAG: its definition, and every row that names it except the audit log's. Commits the session.

    After a crash, calling it again completes the deletion. Raises DagNotFound, NotDeployedHere, DagIsRunning,
    PreconditionFailed, Unavailable; after any of them the DAG is as it was. Raises OutcomeUnknown if the database does
    not say whether the rows are deleted; calling it again completes the deletion.
    dry_run: delete nothing; return how many rows would be deleted, or raise what a deletion would raise.
    is_locked: whether the caller holds the name's lock.
    """
    store = store or open_store(settings)
    no_answer = f"Airflow's database does not answer; the DAG `{dag_id}` was not deleted, try again later"
    with database_errors(no_answer):
        if not store.knows(dag_id):  # looked up before the lock: an unknown name leaves no lock file
            refuse_unless_abandoned(dag_id, store, session=session)
        if dry_run:
            return _planned(dag_id, store, precondition, session=session)
        with nullcontext() if is_locked else store.locked(dag_id):
            deleted_rows = finish_interrupted(dag_id, store, session=session)
            document = store.claim(dag_id)
            # Another request may have deleted the DAG while this one waited for the lock.
            if deleted_rows is None and not store.knows(dag_id):
                refuse_unless_abandoned(dag_id, store, session=session)
            if deleted_rows is None or store.knows(dag_id):
                precondition.check(dag_id, document.revision if document else None)
                refuse_what_is_not_ours(dag_id, store.fileloc(dag_id), session=session)
                deleted_rows = _delete(dag_id, document, store, user=user, session=session)
    return DeletedDag(dag_id, deleted_rows)


def _planned(dag_id: str, store: DefinitionStore, precondition: Precondition, *, session: Session) -> DeletedDag:
    """Return the answer of a dry run. Locks nothing, and leaves what a crash has left as it is."""
    document = store.claim(dag_id)
    precondition.check(dag_id, document.revision if document else None)
    refuse_what_is_not_ours(dag_id, store.fileloc(dag_id), session=session)
    rows = count_rows(dag_id, store.own_fileloc(dag_id), session=session)
    return DeletedDag(dag_id, rows, dry_run=True)


def _delete(
    dag_id: str, document: StoredDocument | None, store: DefinitionStore, *, user: str, session: Session
) -> int:
    details = {"sha256": document.revision} if document else None
    receipt = audit.Receipt()
    with ExitStack() as removal:
        is_removed = False

        def change() -> int:
            nonlocal is_removed
            deleted_rows = delete_rows_patiently(dag_id, store.own_fileloc(dag_id), session=session)
            store.remove_rows(dag_id, session=session)
            record_deletion(dag_id, document, moment=receipt.moment, session=session)
            audit.record("delete_dag", user=user, dag_id=dag_id, details=details, receipt=receipt, session=session)
            session.flush()
            if not is_removed:
                removal.enter_context(store.removing(dag_id))
                is_removed = True
            return deleted_rows

        return in_one_transaction(
            change,
            session=session,
            was_committed=lambda: receipt.is_stored(session=session),
            unavailable=f"Airflow's database does not answer; the DAG `{dag_id}` was not deleted, try again later",
            unknown=lambda _: _unknown(dag_id, store),
        )


def _unknown(dag_id: str, store: DefinitionStore) -> str:
    """Return the message for a deletion of which nobody knows whether it was committed."""
    broke_off = "Airflow's database broke off and has not answered since, so it isn't known whether"
    if store.in_database:
        return f"{broke_off} the DAG `{dag_id}` is deleted. Delete it again, which does no harm"
    return (
        f"The definition of the DAG `{dag_id}` is deleted; {broke_off} the rows are. "
        "Delete it again: what is left then goes"
    )
