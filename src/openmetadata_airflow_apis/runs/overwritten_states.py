"""Holds the state of stopped task instances against their own processes and the triggerer, which may write over it.

A task's process writes whole rows that it read some moments before, without a lock: at its start, with its pid, the
state `running` (Airflow's TaskInstance._run_raw_task: refresh_from_db, then save_to_db of a detached object), and
when a sensor puts itself aside or an operator defers. What was committed in between is lost, a kill or a skip
too: in one of thirty kills of a task that had just begun, here, the task went on in a run that had failed.

The triggerer does the same with a deferred one whose trigger fires (Trigger.submit_event), for two statements' time.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from airflow.utils import timezone
from airflow.utils.state import State
from sqlalchemy import and_, null, select

from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.downstream_states import follow, write
from openmetadata_airflow_apis.runs.lookup import TI, find_run, queue_again, serialized_dag
from openmetadata_airflow_apis.runs.process_watch import process_alive
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.results import ChangedRun, TouchedTaskInstance

# A process has written its pid a second after its start, one that is not forked but started anew after some more.
PATIENCE_SECONDS = 15
_POLL_SECONDS = 0.2
# What a process writes that does not know of the change; a success that it reaches in time is a success.
_OVERWRITTEN = ("running", "up_for_retry", "up_for_reschedule", "deferred")
# What the triggerer makes of a deferred one, and the scheduler soon after.
_RESUMED = ("scheduled", "queued")


def hold(changed: ChangedRun, *, session: Session) -> None:
    """Hold what a committed change did to tasks that had just begun, or whose trigger had just fired.

    The former until each has its pid in the database, for at most PATIENCE_SECONDS, the latter for a moment.
    Costs nothing where there are none, else a statement a look. The session must have nothing pending.
    Raises Unavailable.
    """
    starting = [each for each in changed.task_instances if each.job_id is not None and each.pid is None]
    _hold(changed, starting, PATIENCE_SECONDS, starting_only=True, session=session)
    deferred = [each for each in changed.task_instances if each.state_before == "deferred"]
    if deferred:
        time.sleep(_POLL_SECONDS)
        _hold_resumed(changed, deferred, session=session)


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
        _put_again(changed, [(each, row) for each, row in mine if row.state in _written_over(each)], session=session)
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
        rows.of_run(changed.dag_id, changed.run_id),
        rows.among((each.task_id, each.map_index) for each in watched),
    )
    columns = (TI.c.task_id, TI.c.map_index, TI.c.job_id, TI.c.state, TI.c.pid, process_alive(TI.c.job_id))
    found = session.execute(select(*columns).where(condition)).all()
    session.rollback()  # the next look is to see what was committed in between, and no connection is held meanwhile
    return {(row.task_id, row.map_index, row.job_id): row for row in found}


def _written_over(each: TouchedTaskInstance) -> tuple[str, ...]:
    # A process that fails in a way of its own fails what was skipped; what is failed or to restart it may fail.
    return (*_OVERWRITTEN, "failed") if each.state_after == "skipped" else _OVERWRITTEN


def _put_again(changed: ChangedRun, overwritten: list[tuple[TouchedTaskInstance, Row]], *, session: Session) -> None:
    by_state: dict[str | None, list[TouchedTaskInstance]] = defaultdict(list)
    for each, row in overwritten:
        # Without its process nobody would end what is to restart.
        gone = each.state_after == "restarting" and not row.process_alive
        by_state[None if gone else each.state_after].append(each)

    had_failed = sorted({each.task_id for each, row in overwritten if row.state == "failed"})

    def change() -> None:
        run = find_run(changed.dag_id, changed.run_id, session=session, lock=True)
        for state, these in by_state.items():
            condition = and_(
                rows.of_run(changed.dag_id, changed.run_id),
                rows.among((each.task_id, each.map_index) for each in these),
                TI.c.job_id.in_(sorted({each.job_id for each in these if each.job_id is not None})),
                TI.c.state.in_(_written_over(these[0])),
            )
            session.execute(rows.changing(condition, _values(state, session=session)))
        if had_failed:
            _carry_back(changed, run, had_failed, session=session)

    if by_state:
        in_one_transaction(change, session=session)


def _carry_back(changed: ChangedRun, run: Row, task_ids: list[str], *, session: Session) -> None:
    """Undo what the scheduler has made downstream, and of the run, of the failure of tasks that are skipped."""
    dag, _ = serialized_dag(changed.dag_id, session=session)
    found = session.execute(
        select(TI.c.task_id, TI.c.map_index, TI.c.state).where(rows.of_run(changed.dag_id, changed.run_id))
    )
    followed = follow(dag, task_ids, RunStates(dag, found))
    write(changed.dag_id, changed.run_id, followed, session=session)
    if run.state == "failed" or (followed and run.state in State.finished_dr_states):
        queue_again(run.id, session=session)


def _hold_resumed(changed: ChangedRun, deferred: list[TouchedTaskInstance], *, session: Session) -> None:
    """Put the state again where the triggerer, which had read the row before, has resumed the task instance.

    It gives the event to the method that is to go on, and the change had taken both away; what has been started
    anew meanwhile has no such thing.
    """

    def resumed(these: Iterable[TouchedTaskInstance]) -> ColumnElement:
        return and_(
            rows.of_run(changed.dag_id, changed.run_id),
            rows.among((each.task_id, each.map_index) for each in these),
            TI.c.state.in_(_RESUMED),
            TI.c.next_kwargs.is_not(null()),
        )

    found = session.execute(select(TI.c.task_id, TI.c.map_index).where(resumed(deferred))).all()
    session.rollback()
    keys = {(row.task_id, row.map_index) for row in found}
    by_state: dict[str | None, list[TouchedTaskInstance]] = defaultdict(list)
    for each in deferred:
        if (each.task_id, each.map_index) in keys:
            by_state[each.state_after].append(each)

    def change() -> None:
        find_run(changed.dag_id, changed.run_id, session=session, lock=True)
        for state, these in by_state.items():
            session.execute(rows.changing(resumed(these), _values(state, session=session)))

    if by_state:
        in_one_transaction(change, session=session)


def _values(state: str | None, *, session: Session) -> dict[str, Any]:
    if state in rows.FINISHED:
        return rows.finishing(state, timezone.utcnow(), session=session)
    return {"state": state, **rows.without_deferral()}
