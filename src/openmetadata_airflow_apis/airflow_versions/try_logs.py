"""How Airflow's versions number tries and read the logs of those that run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# In these states no process runs, and in Airflow < 2.10 the number in the database is the previous try's.
_BETWEEN = frozenset({"scheduled", "queued", "deferred", "up_for_reschedule"})


def latest_try(try_number: int | None, state: str | None) -> int:
    """Return the number of the try that is under way or was the last, 0 before the first.

    try_number: the database's, which Airflow < 2.10 increases when the process starts, and decreases when it defers
    or is rescheduled.
    """
    from openmetadata_airflow_apis.airflow_versions.run_history import task_instance_history

    number = try_number or 0
    return number if task_instance_history() is not None or state not in _BETWEEN else number + 1


def executors_log_reader(handler: Any, task_instance: Any) -> Callable[[Any, int], Any] | None:
    """Return the function that asks the executor for the log of a task that it runs; None if the executor keeps none.

    handler: Airflow's FileTaskHandler.
    """
    from airflow.executors.base_executor import BaseExecutor

    if hasattr(handler, "_get_executor_get_task_log"):
        reader = handler._get_executor_get_task_log(task_instance)  # noqa: SLF001 - there is no public way
    else:  # Airflow < 2.10 has one executor
        reader = handler._executor_get_task_log  # noqa: SLF001 - as above
    return None if getattr(reader, "__func__", None) is BaseExecutor.get_task_log else reader
