"""Holds the state of stopped task instances against their own processes, until these cannot write over it.

A task's process writes whole rows that it read some moments before, without a lock: at its start, with its pid, the
state `running` (Airflow's TaskInstance._run_raw_task: refresh_from_db, then save_to_db of a detached object), and
when a sensor puts itself aside or an operator defers. What was committed in between is lost, a kill or a skip
too: in one of thirty kills of a task that had just begun, here, the task went on in a run that had failed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

from airflow.utils import timezone
from sqlalchemy import and_, select

from openmetadata_airflow_apis.runs import rows
from openmetadata_airflow_apis.runs.lookup import TI
from openmetadata_airflow_apis.runs.transaction import in_one_transaction
from openmetadata_airflow_apis.runs.waiting import process_alive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.values import ChangedRun, TouchedTaskInstance

# A process has written its pid a second after its start, one that is not forked but started anew after some more.
PATIENCE_SECONDS = 15
_POLL_SECONDS = 0.2
# What a process writes that does not know of the change; a success that it reaches in time is a success.
_OVERWRITTEN = ("running", "up_for_retry", "up_for_reschedule", "deferred")


def hold_starting(changed: ChangedRun, *, session: Session) -> None:
    """Hold what a committed change did to tasks that had just begun, until each has its pid in the database.

    Costs nothing where there are none, else a statement a look, for at most PATIENCE_SECONDS. The session must
    have nothing pending. Raises Unavailable.
    """
    starting = [each for each in changed.task_instances if each.job_id is not None and each.pid is None]
    _hold(changed, starting, PATIENCE_SECONDS, starting_only=True, session=session)


def await_stopped(changed: ChangedRun, seconds: float, *, session: Session) -> tuple[TouchedTaskInstance, ...]:
    """Wait at most so many seconds until the processes of a change are gone; return those that are not.

    A process is gone when its LocalTaskJob has ended, which it does after the process and its on_kill; or
    when that job has shown no heartbeat for [scheduler] scheduler_zombie_task_threshold seconds, as for
    Airflow itself. Meanwhile the states are held. With 0 seconds it looks once. The session must have nothing
    pending. Raises Unavailable.
    """
    with_process = [each for each in changed.task_instances if each.job_id is not None]
    return tuple(_hold(changed, with_process, seconds, starting_only=False, session=session))


def _hold(
    changed: ChangedRun,
    watched: list[TouchedTaskInstance],
    seconds: float,
    *,
    starting_only: bool,
    session: Session,
) -> list[TouchedTaskInstance]:
    deadline = time.monotonic() + seconds
    while watched:
        found = _look(changed, watched, session=session)
        mine = [(each, row) for each in watched if (row := found.get((each.task_id, each.map_index, each.job_id)))]
        _put_again(changed, [each for each, row in mine if row.state in _OVERWRITTEN], session=session)
        watched = [each for each, row in mine if row.process_alive and not (starting_only and row.pid is not None)]
        left = deadline - time.monotonic()
        if left <= 0:
            break
        if watched:
            time.sleep(min(_POLL_SECONDS, left))
    return watched


def _look(
    changed: ChangedRun, watched: Iterable[TouchedTaskInstance], *, session: Session
) -> dict[tuple[str, int, int | None], Row]:
    """Return what is there now, by task_id, map_index and job_id: another job's is another try's."""
    condition = and_(
        rows.of_run(changed.dag_id, changed.run_id), rows.among((each.task_id, each.map_index) for each in watched)
    )
    columns = (TI.c.task_id, TI.c.map_index, TI.c.job_id, TI.c.state, TI.c.pid, process_alive(TI.c.job_id))
    found = session.execute(select(*columns).where(condition)).all()
    session.rollback()  # the next look is to see what was committed in between, and no connection is held meanwhile
    return {(row.task_id, row.map_index, row.job_id): row for row in found}


def _put_again(changed: ChangedRun, overwritten: Iterable[TouchedTaskInstance], *, session: Session) -> None:
    by_state: dict[str | None, list[TouchedTaskInstance]] = defaultdict(list)
    for each in overwritten:
        by_state[each.state_after].append(each)

    def change() -> None:
        for state, these in by_state.items():
            condition = and_(
                rows.of_run(changed.dag_id, changed.run_id),
                rows.among((each.task_id, each.map_index) for each in these),
                TI.c.job_id.in_(sorted({each.job_id for each in these if each.job_id is not None})),
                TI.c.state.in_(_OVERWRITTEN),
            )
            values = (
                rows.finishing(state, timezone.utcnow(), session=session)
                if state in rows.FINISHED
                else {"state": state}
            )
            session.execute(rows.changing(condition, values))

    if by_state:
        in_one_transaction(change, session=session)
