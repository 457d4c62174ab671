"""What Airflow's versions keep of runs that were cleared and of tries that ended by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.sql import ColumnElement


def task_instance_history() -> Table | None:
    """Return the table of tries that a clear ended; Airflow < 2.10 has none."""
    try:
        from airflow.models.taskinstancehistory import TaskInstanceHistory
    except ImportError:
        return None
    return TaskInstanceHistory.__table__


def given_up_try(task_instance: Table) -> ColumnElement:
    """Return the expression for the number of the try that a clear ends; reschedules from this try on are deleted."""
    number = task_instance.c.try_number
    # Airflow < 2.10 counts a try when its process starts, and takes it back when the process is rescheduled
    return number if task_instance_history() is not None else number + 1


def one_more_clear(dag_run: Table) -> dict[str, Any]:
    """Return the change of dag_run's column that counts how often a run was cleared; Airflow < 2.8 has none."""
    from sqlalchemy import func

    if "clear_number" not in dag_run.c:
        return {}
    return {"clear_number": func.coalesce(dag_run.c.clear_number, 0) + 1}
