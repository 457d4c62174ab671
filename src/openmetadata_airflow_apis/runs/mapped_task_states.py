"""One state for all instances of a mapped task, as Airflow's grid shows it, and their dates taken together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Row

# The order in which Airflow's grid lets one state speak for a mapped task (airflow.www.utils.priority).
GRID_PRIORITY = (
    "failed",
    "upstream_failed",
    "up_for_retry",
    "up_for_reschedule",
    "queued",
    "scheduled",
    "deferred",
    "running",
    "restarting",
    None,
    "success",
    "skipped",
    "removed",
)


def taken_together(by_state: Sequence[Row]) -> dict[str, Any]:
    """Return state, dates and try of a task's instances taken together.

    by_state: a row for each of their states, with the number of those in it.
    """
    return {
        "state": _grid_state(by_state),
        "start_date": min((row.start_date for row in by_state if row.start_date), default=None),
        "end_date": max((row.end_date for row in by_state if row.end_date), default=None),
        "try_number": max((row.try_number for row in by_state if row.try_number is not None), default=None),
    }


def _grid_state(by_state: Sequence[Row]) -> str | None:
    """Return the state that Airflow's grid shows: of several instances, one with a priority there, if any has one."""
    if sum(row.number for row in by_state) == 1:
        return by_state[0].state
    # Not every state has one: `shutdown` of Airflow < 3, and `sensing` of rows that Airflow < 2.4 wrote, have none.
    states = {row.state for row in by_state}
    return next((state for state in GRID_PRIORITY if state in states), None)
