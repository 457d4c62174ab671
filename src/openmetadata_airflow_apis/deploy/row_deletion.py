"""Deletes every row of Airflow's database that names a DAG, in a fixed number of SQL statements.

Airflow's own airflow.api.common.delete_dag leaves permissions, source code, parsing requests and dataset events
behind, needs a row in `dag` to begin with, and loads the key of every row that it deletes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import airflow.models
from airflow.models.base import Base
from airflow.models.dagcode import DagCode
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import func, or_, select

from openmetadata_airflow_apis.airflow_versions.dag_parsing import parse_import_error, parsing_requests
from openmetadata_airflow_apis.airflow_versions.dag_permissions import dag_permission_names
from openmetadata_airflow_apis.airflow_versions.fab_models import permission_tables
from openmetadata_airflow_apis.deploy.row_locks import lock_dag, retry_lost_races
from openmetadata_airflow_apis.deploy.running_tasks import WITH_A_PROCESS, refuse_running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

# The audit log outlives the DAG.
_KEPT = "log"
# Parents come after their children: rows that the database deletes by a cascade are not counted.
_LAST = ["task_instance", "dag_run", "dag"]
# The columns that name a DAG: in its own rows, in dataset events that wait for it, in dataset events that it produced.
_OWN, _WAITING, _PRODUCED = "dag_id", "target_dag_id", "source_dag_id"


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
            idle = or_(table.c.state.is_(None), table.c.state.not_in(WITH_A_PROCESS))
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
    return retry_lost_races(
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
