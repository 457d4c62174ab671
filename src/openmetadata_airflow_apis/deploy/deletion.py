"""Deleting a DAG for good: its definition and every row, so that nothing brings it back.

The rows are deleted without a commit, then the definition is removed, then the transaction is committed; if that
fails, the definition is put back. A parse that began before may end after it, and would bring the DAG back. Airflow's
sync waits for our lock on the DAG's row before it writes anything of the DAG; by then the definition is gone. The sync
of a DAG in a file of its own is then refused (dagbuild/late_file_rows.py); that of a shard leaves this DAG out
(dagbuild/late_shard_rows.py).

The rows are all that name the DAG, its permissions too, in a fixed number of statements. Airflow's own
airflow.api.common.delete_dag leaves permissions, source code, parsing requests and dataset events behind, needs a row
in `dag` to begin with, and loads the key of every row that it deletes.
"""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import airflow.models
from airflow.models.base import Base
from airflow.models.dagcode import DagCode
from airflow.models.taskinstance import TaskInstance
from airflow.utils import timezone
from airflow.utils.sqlalchemy import is_lock_not_available_error
from airflow.utils.state import TaskInstanceState
from sqlalchemy import func, or_, select
from sqlalchemy.exc import OperationalError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error, parsing_requests
from openmetadata_airflow_apis.airflow_versions.dag_permissions import dag_permission_names
from openmetadata_airflow_apis.airflow_versions.fab_models import permission_tables
from openmetadata_airflow_apis.conflict_errors import DagIsRunning
from openmetadata_airflow_apis.deploy.new_versions import record_deletion
from openmetadata_airflow_apis.deploy.preconditions import WHATEVER, Precondition
from openmetadata_airflow_apis.deploy.row_locks import lock_dag
from openmetadata_airflow_apis.deploy.row_ownership import refuse_unless_abandoned, refuse_what_is_not_ours
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.own_tables import check_tables
from openmetadata_airflow_apis.stores import open_store, version_rows
from openmetadata_airflow_apis.transactions import COLLISIONS, database_errors, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.dagbuild.stored_document import StoredDocument
    from openmetadata_airflow_apis.settings import Settings
    from openmetadata_airflow_apis.stores.definition_store import DefinitionStore

# A task instance that was cleared while it ran is "restarting" until its process has ended.
_WITH_A_PROCESS = (TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING)
Answer = TypeVar("Answer")
# How long a delete tries to get its locks. The scheduler holds a run for as long as one of its loops takes.
_SECONDS = 20
# PostgreSQL's and MySQL's codes for the victim of a deadlock; SQLite has one lock for all, and no codes.
_DEADLOCKS = ("40P01", 1213)
# The audit log outlives the DAG.
_KEPT = "log"
# Parents come after their children: rows that the database deletes by a cascade are not counted.
_LAST = ["task_instance", "dag_run", "dag"]
# The columns that name a DAG: in its own rows, in dataset events that wait for it, in dataset events that it produced.
_OWN, _WAITING, _PRODUCED = "dag_id", "target_dag_id", "source_dag_id"


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


def finish_interrupted(dag_id: str, store: DefinitionStore, *, session: Session) -> int | None:
    """Finish or remove what a process that died has left under a name. The caller holds the name's lock. Commits.

    Each deploy, delete and refresh calls it first.

    Returns how many rows were deleted to finish a removal, None if no removal had begun.
    """
    if not store.finish_interrupted(dag_id):
        return None
    check_tables(version_rows.TABLE, session=session)
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


def refuse_running(dag_ids: Collection[str], *, session: Session) -> None:
    """Raise DagIsRunning for the first DAG with a running task instance. One statement."""
    running = session.execute(
        select(TaskInstance.dag_id, func.count())
        .where(TaskInstance.dag_id.in_(dag_ids), TaskInstance.state.in_(_WITH_A_PROCESS))
        .group_by(TaskInstance.dag_id)
        .order_by(TaskInstance.dag_id)
    ).first()
    if running:
        raise DagIsRunning(*running)


def delete_rows(dag_id: str, fileloc: str | None, *, session: Session) -> int:
    """Delete every row that names the DAG except the audit log's; return how many. Commits nothing.

    fileloc: the file that holds only this DAG, whose rows are deleted too; None if it has none.
    Expunges every object that the session has loaded. Dataset events that the DAG produced stay, without its name,
    for the DAGs that wait for them.
    Raises DagIsRunning if one of its task instances is running, and OperationalError if another process holds one of
    the DAG's rows (see row_locks): the caller rolls back.
    """
    refuse_running([dag_id], session=session)  # before the locks, which a busy scheduler may hold for long
    lock_dag(dag_id, session=session)
    deleted_rows = 0
    for table in _tables_naming_dags():
        columns = table.c
        if _PRODUCED in columns:
            name_columns = {name: None for name in (_PRODUCED, "source_run_id", "source_task_id") if name in columns}
            session.execute(table.update().where(columns[_PRODUCED] == dag_id).values(name_columns))
    for table, condition in _rows_to_delete(dag_id, fileloc):
        if table is TaskInstance.__table__:
            # A task that a worker starts at this moment is not deleted; refuse_running below then raises.
            idle = or_(table.c.state.is_(None), table.c.state.not_in(_WITH_A_PROCESS))
            deleted_rows += session.execute(table.delete().where(condition, idle)).rowcount
            refuse_running([dag_id], session=session)
        else:
            deleted_rows += session.execute(table.delete().where(condition)).rowcount
    session.flush()
    session.expunge_all()  # else a deploy in the same session would find the deleted objects
    return deleted_rows


def count_rows(dag_id: str, fileloc: str | None, *, session: Session) -> int:
    """Return how many rows delete_rows would delete now. Locks nothing. Raises DagIsRunning as delete_rows would."""
    refuse_running([dag_id], session=session)
    return sum(
        session.scalar(select(func.count()).select_from(table).where(condition))
        for table, condition in _rows_to_delete(dag_id, fileloc)
    )


def delete_rows_patiently(dag_id: str, fileloc: str | None, *, session: Session) -> int:
    """Call delete_rows, and again while the scheduler works on the DAG's runs. Raises Unavailable after 20 seconds."""
    return _retry_lost_races(
        lambda: delete_rows(dag_id, fileloc, session=session),
        session=session,
        busy=f"Airflow is working on the runs of the DAG `{dag_id}`, which was not deleted; try again in a moment",
    )


def _tables_naming_dags() -> list[Table]:
    airflow.models.import_all_models()  # a table is in the metadata when its model is imported
    tables = [
        table
        for table in Base.metadata.tables.values()
        if table.name != _KEPT and any(name in table.c for name in (_OWN, _WAITING, _PRODUCED))
    ]
    return sorted(tables, key=lambda table: (_LAST.index(table.name) if table.name in _LAST else -1, table.name))


def _rows_to_delete(dag_id: str, fileloc: str | None) -> Iterator[tuple[Table, Any]]:
    """Yield each table with the condition for its rows, children before their parents."""
    for table in _tables_naming_dags():
        if _PRODUCED not in table.c:
            yield table, table.c[_OWN if _OWN in table.c else _WAITING] == dag_id
    if fileloc is not None:
        yield from _rows_of_the_file(fileloc)
    yield from _permissions(dag_id)


def _rows_of_the_file(fileloc: str) -> Iterator[tuple[Table, Any]]:
    code = DagCode.__table__
    yield code, code.c.fileloc_hash == DagCode.dag_fileloc_hash(fileloc)
    errors = parse_import_error().__table__
    yield errors, errors.c.filename == fileloc
    requests = parsing_requests()
    if requests is not None:
        yield requests, requests.c.fileloc == fileloc


def _permissions(dag_id: str) -> Iterator[tuple[Table, Any]]:
    """Yield the rows of the DAG's own permissions, so that the next DAG of that name does not inherit them."""
    tables = permission_tables()
    if tables is None:
        return
    resource, permission, role_permission = tables
    resources = select(resource.c.id).where(resource.c.name.in_(dag_permission_names(dag_id)))
    permissions = select(permission.c.id).where(permission.c.view_menu_id.in_(resources))
    yield role_permission, role_permission.c.permission_view_id.in_(permissions)
    yield permission, permission.c.view_menu_id.in_(resources)
    yield resource, resource.c.name.in_(dag_permission_names(dag_id))


def _lost_race(error: BaseException) -> bool:
    """Say whether an error means that another transaction holds the locks, so that trying again helps."""
    if not isinstance(error, OperationalError) or error.orig is None or error.connection_invalidated:
        return False
    code = getattr(error.orig, "pgcode", None) or next(iter(error.orig.args), None)
    return is_lock_not_available_error(error) or code in _DEADLOCKS or code == "database is locked"


def _retry_lost_races(change: Callable[[], Answer], *, session: Session, busy: str) -> Answer:
    """Return change(); while others hold locks that it needs, roll back and call it again. Commits nothing.

    Raises Unavailable with the message `busy` after 20 seconds; any other error of change() passes through.
    """

    def roll_back(_: RetryCallState) -> None:
        session.rollback()

    try:
        for attempt in Retrying(
            retry=retry_if_exception(_lost_race),
            wait=wait_random(0.05, 0.25),
            stop=stop_after_delay(_SECONDS),
            before_sleep=roll_back,
            reraise=True,
        ):
            with attempt:
                answer = change()
    except OperationalError as error:
        if not _lost_race(error):
            raise
        session.rollback()
        raise Unavailable(busy) from error
    return answer
