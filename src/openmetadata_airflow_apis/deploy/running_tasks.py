"""A DAG is not deleted while one of its task instances runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState
from sqlalchemy import func, select

from openmetadata_airflow_apis.conflicts import DagIsRunning

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

# A task instance that was cleared while it ran is "restarting" until its process has ended.
WITH_A_PROCESS = (TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING)


def refuse_running(dag_ids: Collection[str], *, session: Session) -> None:
    """Raise DagIsRunning for the first DAG with a running task instance. One statement."""
    running = session.execute(
        select(TaskInstance.dag_id, func.count())
        .where(TaskInstance.dag_id.in_(dag_ids), TaskInstance.state.in_(WITH_A_PROCESS))
        .group_by(TaskInstance.dag_id)
        .order_by(TaskInstance.dag_id)
    ).first()
    if running:
        raise DagIsRunning(*running)
