"""What Airflow's audit log says of a run: what the scheduler noted of its tasks, and who set a state by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.models.log import Log
from sqlalchemy import and_, false, or_, select

from openmetadata_airflow_apis.airflow_versions.audit_log_columns import events_of_run, is_of_run
from openmetadata_airflow_apis.dagbuild import unbuilt_tasks

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_LOG = Log.__table__
_NEWEST = 200
# A state that is set by hand is noted a moment before or after the end_date that comes with it.
_NEARLY = timedelta(seconds=10)

LOST_HEARTBEAT = "heartbeat timeout"
STATE_MISMATCH = "state mismatch"
STUCK_IN_QUEUED = "stuck in queued tries exceeded"
_OF_TASKS = (LOST_HEARTBEAT, STATE_MISMATCH, STUCK_IN_QUEUED, unbuilt_tasks.EVENT)

# Events of somebody who sets states. A task's own process notes "failed" too, but without an extra.
_KILLED_HERE = ("kill_running_tasks", "kill_dag_runs")
_SET_IN_AIRFLOW = (
    "failed",
    "dagrun_failed",
    "action_set_failed",
    *(
        f"{way}.{operation}"
        for way in ("api", "ui")
        for operation in (
            "post_set_task_instances_state",
            "patch_task_instance",
            "patch_mapped_task_instance",
            "update_dag_run_state",
        )
    ),
)


@dataclass(frozen=True)
class RunEvent:
    """One row of the audit log. task_id, map_index: None if it is about the run. text: the scheduler's words."""

    event: str
    moment: datetime
    task_id: str | None
    map_index: int | None
    try_number: int | None
    text: str | None

    @property
    def sentence(self) -> str:
        """Return a sentence on how a state was set from outside."""
        if self.event in _KILLED_HERE:
            return f"It was killed through this API ({self.event})"
        return f"Its state was set by hand ({self.event.rpartition('.')[2]} of Airflow's own page or API)"


@dataclass(frozen=True)
class RunEvents:
    """The events of a run that tell of failures, the newest first."""

    events: tuple[RunEvent, ...]

    def of_scheduler(self, row: Row, try_number: int, event: str) -> RunEvent | None:
        """Return the latest event of a kind that the scheduler noted of one try of a task instance."""
        event_sought = (event, row.task_id, row.map_index, try_number)
        since = row.start_date or row.queued_dttm  # a deleted run of the same name may have left earlier events
        return next(
            (
                noted
                for noted in self.events
                if (noted.event, noted.task_id, noted.map_index, noted.try_number) == event_sought
                and (since is None or noted.moment >= since)
            ),
            None,
        )

    def by_hand(self, moment: datetime | None, task_id: str | None = None, map_index: int = -1) -> RunEvent | None:
        """Return the event that set a task instance's state by hand at about a moment; the run's if task_id is None."""
        for event in self.events:
            near = moment is not None and abs(event.moment - moment) <= _NEARLY
            about_it = event.task_id is None or (event.task_id == task_id and event.map_index in {None, -1, map_index})
            if near and about_it and event.event not in _OF_TASKS:
                return event
        return None

    def unbuilt(self, row: Row) -> str | None:
        """Return which host could not build the DAG for the last try of a task instance, and why; None if none."""
        since = row.queued_dttm - _NEARLY if row.queued_dttm else None  # two hosts' clocks may differ
        for event in self.events:
            event_and_task = (event.event, event.task_id, event.map_index)
            if event_and_task == (unbuilt_tasks.EVENT, row.task_id, row.map_index) and (
                since is None or event.moment >= since
            ):
                details = json.loads(event.text or "{}")
                reason = str(details.get("import_error")).partition("\n")[0]
                return f"the DAG can't be imported on its worker, the host {details.get('hostname')}: {reason}"
        return None


def events_of(run: Row, keys: Collection[tuple[str, int]], *, session: Session) -> RunEvents:
    """Return the events of a run and of some of its task instances. One statement."""
    by_hand = _LOG.c.event.in_([*_KILLED_HERE, *_SET_IN_AIRFLOW]) & _LOG.c.extra.is_not(None)
    of_tasks = or_(
        false(),
        *(and_(_LOG.c.task_id == task_id, _LOG.c.map_index == map_index) for task_id, map_index in sorted(keys)),
    )
    rows = session.execute(
        select(_LOG)
        .where(events_of_run(_LOG, run), by_hand | (_LOG.c.event.in_(_OF_TASKS) & of_tasks))
        .order_by(_LOG.c.id.desc())
        .limit(_NEWEST)
    )
    return RunEvents(
        tuple(
            RunEvent(row.event, row.dttm, row.task_id, row.map_index, getattr(row, "try_number", None), row.extra)
            for row in rows
            if is_of_run(row, run.run_id)
        )
    )
