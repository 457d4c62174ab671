"""Finds what the caller named: the DAG, its run, its tasks; says which of them is missing.

A task is named by its task_id, or by the id of a task group, which stands for all tasks in the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import bindparam, select

from openmetadata_airflow_apis.airflow_versions.scheduling import decode_timetable
from openmetadata_airflow_apis.conflict_errors import ScheduleFails
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound, InvalidArgument, TaskNotFound
from openmetadata_airflow_apis.runs.dag_import_errors import refuse_import_errors
from openmetadata_airflow_apis.runs.run_rows import RUN, select_runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
# Built once, because nearly every request runs it.
_DAG_ROW = select(_DAG.c.is_paused, _DAG.c.is_active, _DAG.c.has_import_errors, _DAG.c.fileloc).where(
    _DAG.c.dag_id == bindparam("dag_id")
)


def find_dag(dag_id: str, *, session: Session) -> Row:
    """Return the DAG's row (is_paused, is_active, has_import_errors, fileloc); raise DagNotFound."""
    row = session.execute(_DAG_ROW, {"dag_id": dag_id}).first()
    if row is None:
        raise DagNotFound(dag_id)
    return row


def find_run(dag_id: str, run_id: str, *, session: Session, lock: bool = False) -> Row:
    """Return the run's id, dag_id, run_id, state and execution_date; raise DagNotFound or DagRunNotFound.

    lock: lock the run until the transaction's end. The scheduler and the workers' own scheduling take the
    same lock before they decide about the run's task instances, and pass over a run that they find locked.
    """
    rows = select_runs((RUN.c.dag_id == dag_id) & (RUN.c.run_id == run_id), lock=lock, session=session)
    if not rows:
        find_dag(dag_id, session=session)
        raise DagRunNotFound(dag_id, run_id)
    return rows[0]


def serialized_dag(dag_id: str, *, session: Session) -> tuple[DAG, str]:
    """Return the DAG from Airflow's serialized_dag table, with its hash; raise DagNotFound, ScheduleFails.

    The DAG's file is not imported. The only users' code that may run is a timetable from an Airflow plugin.
    """
    row: Any = SerializedDagModel.get(dag_id, session=session)
    if row is None:
        refuse_import_errors(dag_id, session=session)
        raise DagNotFound(dag_id)
    row.load_op_links = False
    try:
        return row.dag, row.dag_hash
    except Exception:
        _check_timetable(dag_id, row.data["dag"]["timetable"])
        raise


def _check_timetable(dag_id: str, serialized: dict[str, Any]) -> None:
    try:
        _ = decode_timetable(serialized).summary  # a DAG asks for it when it is made
    except Exception as error:  # a timetable of the users' own may raise anything
        reason = f"cannot be loaded: {type(error).__name__}: {error}"
        raise ScheduleFails(dag_id, str(serialized["__type"]), reason) from error


def tasks_by_name(dag: DAG, names: Iterable[str]) -> dict[str, set[str]]:
    """Return the task_ids that each name stands for. Raises TaskNotFound, and InvalidArgument if names is empty."""
    groups = dag.task_group.get_task_group_dict()
    tasks: dict[str, set[str]] = {}
    for name in names:
        if dag.has_task(name):
            tasks[name] = {name}
        elif name and name in groups:
            tasks[name] = {task.task_id for task in groups[name].iter_tasks()}
        else:
            raise TaskNotFound(dag.dag_id, name)
    if not tasks:
        raise InvalidArgument("task_ids", "names no task")
    return tasks
