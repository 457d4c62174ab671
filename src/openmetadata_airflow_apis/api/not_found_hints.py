"""Suggests names like one that was not found, among those that the caller may see."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.utils.session import create_session
from sqlalchemy.exc import SQLAlchemyError

from openmetadata_airflow_apis import conflict_errors, errors
from openmetadata_airflow_apis.airflow_versions.dag_permissions import may_on_dag
from openmetadata_airflow_apis.api.current_settings import settings
from openmetadata_airflow_apis.runs import near_dag_run_and_task_ids as near_ids
from openmetadata_airflow_apis.security.identity import attach_again
from openmetadata_airflow_apis.security.operation_permissions import is_known, readable_dag_ids
from openmetadata_airflow_apis.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


def hint(error: errors.ManagedDagsError, *, of_deployed: bool) -> str:
    """Return the end of the message of an error that names something missing; "" if there is nothing to suggest.

    of_deployed: whether the call can only be about DAGs deployed here. Reads the database; if that fails, returns "".
    """
    if not isinstance(error, (errors.NotFound, conflict_errors.NothingRunning)):
        return ""
    try:
        with create_session() as session:
            attach_again(session)
            if isinstance(error, errors.DagNotFound):
                return _of_dag(error.dag_id, of_deployed=of_deployed, session=session)
            if isinstance(error, errors.DagRunNotFound) and may_on_dag("GET", error.dag_id, "RUN"):
                return _did_you_mean(near_ids.near_run_ids(error.dag_id, error.run_id, session=session))
            if isinstance(error, (errors.TaskNotFound, conflict_errors.NothingRunning)) and error.task_id is not None:
                return _of_task(error, error.task_id, session=session)
    except (SQLAlchemyError, errors.ManagedDagsError) as failure:
        log.info("Nothing is said of what was meant: %s", failure)
    return ""


def _of_dag(dag_id: str, *, of_deployed: bool, session: Session) -> str:
    readable = readable_dag_ids()
    if not of_deployed:
        return _did_you_mean(near_ids.near_dag_ids(dag_id, readable=readable, session=session))
    if is_known(dag_id):
        return "; Airflow has a DAG of that name, which was not deployed through this API"
    deployed = open_store(settings()).dag_ids()
    return _did_you_mean(
        near_ids.near_names(dag_id, (name for name in deployed if readable is None or name in readable))
    )


def _of_task(error: errors.TaskNotFound | conflict_errors.NothingRunning, task_id: str, *, session: Session) -> str:
    if error.run_id is None:
        if not may_on_dag("GET", error.dag_id):
            return ""
        return _did_you_mean(near_ids.near_task_ids(error.dag_id, task_id, session=session))
    if not may_on_dag("GET", error.dag_id, "TASK_INSTANCE"):
        return ""
    tasks = near_ids.tasks_of_run(error.dag_id, error.run_id, session=session)
    if task_id not in tasks:
        near = _did_you_mean(near_ids.near_names(task_id, tasks))
        return f"; it has no task of that name{near}" if isinstance(error, conflict_errors.NothingRunning) else near
    first_index, last_index = tasks[task_id]
    if isinstance(error, conflict_errors.NothingRunning) and (
        error.map_index is None or first_index <= error.map_index <= last_index
    ):
        return ""
    return (
        "; it is not mapped: leave map_index out"
        if last_index < 0
        else f"; its map_index goes from {first_index} to {last_index}"
    )


def _did_you_mean(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > 1:
        quoted = [", ".join(quoted[:-1]), quoted[-1]]
    return f"; did you mean {' or '.join(quoted)}?" if quoted else ""
