"""Sets the state of task instances from outside, as a kill, a skip or a success does; no further tries after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import func, literal

from openmetadata_airflow_apis.runs.task_instance_rows import (
    TI,
    changing,
    of_runs,
    seconds_between,
    without_deferral,
)
from openmetadata_airflow_apis.runs.tries_after_kill_or_clear import no_further_tries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance


def mark(
    task_instances: Mapping[tuple[str, str], Collection[TouchedTaskInstance]], now: datetime, *, session: Session
) -> None:
    """Put task instances into their state_after, a finished one or none, without clearing them.

    task_instances: by dag_id and run_id, of runs that the transaction has locked.
    """
    states = {marked.state_after for of_run in task_instances.values() for marked in of_run}
    for state in sorted(states, key=str):
        condition = of_runs(
            {
                run: [(marked.task_id, marked.map_index) for marked in of_run if marked.state_after == state]
                for run, of_run in task_instances.items()
            }
        )
        values = {"state": None} if state is None else finishing(state, now, session=session)
        session.execute(changing(condition, values))


def finishing(state: str, now: datetime, *, session: Session) -> dict[str, Any]:
    """Return the new column values of task instances that are put into a finished state from outside.

    Dates and duration are those that TaskInstance.set_state would give. A deferred one lets go of its trigger,
    which the triggerer then ends. A running one loses its remaining tries.
    """
    at = literal(now, UtcDateTime())
    start_date = func.coalesce(TI.c.start_date, at)
    end_date = func.coalesce(TI.c.end_date, at)
    return {
        "state": state,
        "start_date": start_date,
        "end_date": end_date,
        "duration": seconds_between(start_date, end_date, session=session),
        "max_tries": no_further_tries(),
        **without_deferral(),
    }
