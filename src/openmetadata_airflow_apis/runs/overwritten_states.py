"""Puts the state of stopped task instances again where somebody who did not know of the stop has written over it.

Two write task instances without a lock, as whole rows that they have read some moments before, and so undo a kill, a
skip or a restart that was committed in between:

- The task's own process: at its start, when it writes its pid and the state `running` (Airflow's
  TaskInstance._run_raw_task: refresh_from_db, then save_to_db of a detached object), and when a sensor reschedules
  itself or an operator defers. Without this module, one kill in thirty of a task that had just started was lost: the
  task went on in a failed run.
- The triggerer: when the trigger of a deferred task instance fires (Trigger.submit_event), for the time of two
  statements.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.utils import timezone
from airflow.utils.state import State
from sqlalchemy import and_, null, select

from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.downstream_states import decide_downstream
from openmetadata_airflow_apis.runs.lookup import TI, find_run, queue_again, serialized_dag
from openmetadata_airflow_apis.runs.process_watch import await_ended, process_alive
from openmetadata_airflow_apis.runs.run_plan import mark
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.transactions import database_errors, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.results import ChangedRun, TouchedTaskInstance

# A forked process has written its pid a second after its start; one that starts a new interpreter takes longer.
PATIENCE_SECONDS = 15
_POLL_SECONDS = 0.2
# What a process writes that does not know of the stop. A success that it reaches in time stays a success.
_BY_PROCESS = ("running", "up_for_retry", "up_for_reschedule", "deferred")
# What the triggerer makes of a deferred one, and the scheduler soon after.
_BY_TRIGGERER = ("scheduled", "queued")


@dataclass(frozen=True)
class _Correction:
    """A state to put again. overwritten: the condition for the task instances that have another one meanwhile."""

    overwritten: ColumnElement
    state: str | None


def hold(changed: ChangedRun, *, session: Session) -> None:
    """Keep a committed stop in force for tasks that had just started, or whose trigger had just fired.

    For tasks that had just started this takes until each process has written its pid, at most PATIENCE_SECONDS;
    for deferred ones a moment; for others nothing. Each look is one statement. The session must have nothing
    pending. A dry run has changed nothing, and nothing is held. Raises Unavailable.
    """
    if changed.dry_run:
        return
    starting = [
        task_instance
        for task_instance in changed.task_instances
        if task_instance.job_id is not None and task_instance.pid is None
    ]
    deferred = [task_instance for task_instance in changed.task_instances if task_instance.state_before == "deferred"]
    with database_errors(_done_and_unwatched(changed)):
        _watch(
            changed,
            starting,
            PATIENCE_SECONDS,
            until=lambda row: row.pid is not None or not row.process_alive,
            session=session,
        )
        if deferred:
            time.sleep(_POLL_SECONDS)
            _correct_after_triggerer(changed, deferred, session=session)


def await_stopped(changed: ChangedRun, seconds: float, *, session: Session) -> tuple[TouchedTaskInstance, ...]:
    """Wait until the processes of a change have ended, at most so many seconds; return those that have not.

    A process has ended when its LocalTaskJob has, which outlives it and its on_kill. A job without a heartbeat
    for [scheduler] scheduler_zombie_task_threshold seconds counts as ended too, as it does for Airflow itself.
    Meanwhile the states are put again where they were overwritten. With 0 seconds this looks once. The session
    must have nothing pending. Of a dry run those are returned that would have to end, after one look, and nothing
    is corrected. Raises Unavailable.
    """
    with_process = [task_instance for task_instance in changed.task_instances if task_instance.job_id is not None]
    if changed.dry_run:
        return await_ended(with_process, 0, session=session)
    with database_errors(_done_and_unwatched(changed)):
        return tuple(_watch(changed, with_process, seconds, until=lambda row: not row.process_alive, session=session))


def _done_and_unwatched(changed: ChangedRun) -> str:
    return (
        f"The DagRun `{changed.run_id}` of the DAG `{changed.dag_id}` was changed as asked, but Airflow's database "
        "does not answer any more; look at its task instances, a process may have written over their states"
    )


def _watch(
    changed: ChangedRun,
    watched: list[TouchedTaskInstance],
    seconds: float,
    *,
    until: Callable[[Row], bool],
    session: Session,
) -> list[TouchedTaskInstance]:
    """Look at task instances, and correct their states, until the rows of all are as asked for.

    Returns those whose rows are not, after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while watched:
        looks = _look(changed, watched, session=session)
        _correct_after_processes(changed, looks, session=session)
        watched = [task_instance for task_instance, row in looks if not until(row)]
        left = deadline - time.monotonic()
        if left <= 0:
            break
        if watched:
            time.sleep(min(_POLL_SECONDS, left))
    return watched


def _look(
    changed: ChangedRun, watched: list[TouchedTaskInstance], *, session: Session
) -> list[tuple[TouchedTaskInstance, Row]]:
    """Return task instances with their rows as they are now, without those that have a next try by now."""
    columns = (TI.c.task_id, TI.c.map_index, TI.c.job_id, TI.c.state, TI.c.pid, process_alive(TI.c.job_id))
    rows_now = session.execute(select(*columns).where(_in_run(changed, watched))).all()
    session.rollback()  # the next look has to see what is committed meanwhile, and no connection is held until then
    # Each try has a job of its own.
    row_of = {(row.task_id, row.map_index, row.job_id): row for row in rows_now}
    return [
        (task_instance, row)
        for task_instance in watched
        if (row := row_of.get((task_instance.task_id, task_instance.map_index, task_instance.job_id)))
    ]


def _correct_after_processes(
    changed: ChangedRun, looks: list[tuple[TouchedTaskInstance, Row]], *, session: Session
) -> None:
    overwritten = [
        (task_instance, row)
        for task_instance, row in looks
        if row.state in _overwriting_states(task_instance.state_after)
    ]
    groups: dict[tuple[str | None, str | None], list[TouchedTaskInstance]] = defaultdict(list)
    for task_instance, row in overwritten:
        # Where the process is gone nothing is left to be told to restart: the scheduler starts a new one.
        gone = task_instance.state_after == "restarting" and not row.process_alive
        groups[task_instance.state_after, None if gone else task_instance.state_after].append(task_instance)
    corrections = [
        _Correction(
            _in_run(changed, task_instances)
            & TI.c.job_id.in_(sorted({item.job_id for item in task_instances if item.job_id is not None}))
            & TI.c.state.in_(_overwriting_states(state_after)),
            state,
        )
        for (state_after, state), task_instances in groups.items()
    ]
    failed_task_ids = sorted({task_instance.task_id for task_instance, row in overwritten if row.state == "failed"})
    _correct(changed, corrections, failed_task_ids=failed_task_ids, session=session)


def _overwriting_states(state_after: str | None) -> tuple[str, ...]:
    # A process that fails by itself fails what was skipped. What was failed, or is to restart, it may fail.
    return (*_BY_PROCESS, "failed") if state_after == "skipped" else _BY_PROCESS


def _correct_after_triggerer(changed: ChangedRun, deferred: list[TouchedTaskInstance], *, session: Session) -> None:
    # The triggerer leaves an event for the method that is to go on; the stop had removed both, a next try has neither.
    resumed = TI.c.state.in_(_BY_TRIGGERER) & TI.c.next_kwargs.is_not(null())
    resumed_rows = session.execute(
        select(TI.c.task_id, TI.c.map_index).where(_in_run(changed, deferred), resumed)
    ).all()
    session.rollback()
    keys = {(row.task_id, row.map_index) for row in resumed_rows}
    groups: dict[str | None, list[TouchedTaskInstance]] = defaultdict(list)
    for task_instance in deferred:
        if (task_instance.task_id, task_instance.map_index) in keys:
            groups[task_instance.state_after].append(task_instance)
    corrections = [
        _Correction(_in_run(changed, task_instances) & resumed, state) for state, task_instances in groups.items()
    ]
    _correct(changed, corrections, session=session)


def _correct(
    changed: ChangedRun, corrections: list[_Correction], *, failed_task_ids: Iterable[str] = (), session: Session
) -> None:
    """Put the states again of what is still overwritten when the run is locked.

    failed_task_ids: the skipped tasks among them that had failed.
    """

    def change() -> None:
        run = find_run(changed.dag_id, changed.run_id, session=session, lock=True)
        for correction in corrections:
            session.execute(rows.changing(correction.overwritten, _values(correction.state, session=session)))
        if failed_task_ids:
            _undo_failures(changed, run, failed_task_ids, session=session)

    if corrections:
        sentence = _done_and_unwatched(changed)
        in_one_transaction(change, session=session, unavailable=sentence, unknown=lambda _: sentence)


def _undo_failures(changed: ChangedRun, run: Row, task_ids: Iterable[str], *, session: Session) -> None:
    """Undo what the scheduler has decided, downstream and about the run, from the failures of skipped tasks."""
    dag, _ = serialized_dag(changed.dag_id, session=session)
    states = session.execute(
        select(TI.c.task_id, TI.c.map_index, TI.c.state).where(rows.of_run(changed.dag_id, changed.run_id))
    )
    downstream = decide_downstream(dag, task_ids, RunStates(dag, states))
    mark({(changed.dag_id, changed.run_id): downstream}, timezone.utcnow(), session=session)
    if run.state == "failed" or (downstream and run.state in State.finished_dr_states):
        queue_again([run.id], session=session)


def _in_run(changed: ChangedRun, task_instances: Iterable[TouchedTaskInstance]) -> ColumnElement:
    keys = ((task_instance.task_id, task_instance.map_index) for task_instance in task_instances)
    return and_(rows.of_run(changed.dag_id, changed.run_id), rows.among(keys))


def _values(state: str | None, *, session: Session) -> dict[str, Any]:
    if state in rows.FINISHED:
        return rows.finishing(state, timezone.utcnow(), session=session)
    return {"state": state, **rows.without_deferral()}
