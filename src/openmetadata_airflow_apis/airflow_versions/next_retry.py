"""When Airflow's versions try a failed task again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


def next_retry(task: Any, row: Any, logical_date: datetime) -> datetime | None:
    """Return when a task instance that is up_for_retry is tried again, None if its row has no end_date.

    row: its dag_id, task_id, try_number and end_date.
    """
    from airflow.models.taskinstance import TaskInstance

    from openmetadata_airflow_apis.airflow_versions.run_history import task_instance_history

    if row.end_date is None:
        return None
    # Airflow < 2.10 computes it from the number of the next try
    number = row.try_number if task_instance_history() is not None else row.try_number + 1
    task_instance = SimpleNamespace(
        task=task,
        dag_id=row.dag_id,
        task_id=row.task_id,
        execution_date=logical_date,
        end_date=row.end_date,
        try_number=number,
    )
    return TaskInstance.next_retry_datetime(task_instance)
