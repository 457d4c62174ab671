"""The processes of task instances that were stopped: waits for their end, and restores the states they write over.

Two parts of Airflow write task instances without a lock, as whole rows that they read some moments before. That undoes
a kill, a skip, a success or a restart that was committed in between:

- The task's own process, at its start, when it writes its pid and the state `running` (Airflow's
  TaskInstance._run_raw_task: refresh_from_db, then save_to_db of a detached object), and when a sensor reschedules
  itself or an operator defers. Without this module, one kill in thirty of a task that had just started was lost: the
  task went on in a failed run.
- The same process at its end, when it fails or skips itself after its task was skipped or marked as successful. What
  the scheduler has decided from that failure meanwhile is undone as well. `await_stopped` sees to it during a `wait`.
- The triggerer: when the trigger of a deferred task instance fires (Trigger.submit_event), for the time of two
  statements.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.jobs.job import Job
from airflow.utils import timezone
from airflow.utils.state import State
from sqlalchemy import and_, exists, null, select

from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import serialized_dag
from openmetadata_airflow_apis.runs.downstream_of_skip_or_success import decide_downstream
from openmetadata_airflow_apis.runs.marked_task_instances import finishing, mark
from openmetadata_airflow_apis.runs.run_rows import RUN, queue_again, select_runs
from openmetadata_airflow_apis.runs.task_instance_rows import TI
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.transactions import database_errors, in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

    from openmetadata_airflow_apis.runs.results import ChangedRun, TouchedTaskInstance

# A forked process has written its pid a second after its start; one that starts a new interpreter takes longer.
OVERWRITE_PATIENCE_SECONDS = 15
# How long a restart waits for the processes of earlier tries: a few of Airflow's heartbeats (5 s), and on_kill.
STOPPING_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.2
# The states that a process writes if it does not know of the stop. A success that it reaches in time is kept.
_BY_PROCESS = ("running", "up_for_retry", "up_for_reschedule", "deferred")
# The state that the triggerer gives a deferred task instance, and the one that the scheduler soon gives it.
_BY_TRIGGERER = ("scheduled", "queued")
_JOB = Job.__table__
_POLL_SECONDS_UNTIL_ENDED = 0.5


@dataclass(frozen=True)
class _Stopped:
    """A task instance that was stopped, with its run."""

    run: ChangedRun
    task_instance: TouchedTaskInstance


@dataclass(frozen=True)
class _Correction:
    """A state to restore. overwritten: the condition for the task instances that have another one by now."""

    overwritten: ColumnElement
    state: str | None


def hold(changed: Sequence[ChangedRun], *, session: Session) -> None:
    """Keep a committed stop in force for tasks that had just started, or whose trigger had just fired.

    changed: what the stop did to runs of one DAG; dry runs are left out. For tasks that had just started this takes
    until each process has written its pid, at most OVERWRITE_PATIENCE_SECONDS; for deferred ones a moment; for others
    no time. Each look is one statement. The session must have nothing pending. Raises Unavailable.
    """
    stopped = [item for item in _stopped(changed) if not item.run.dry_run]
    starting = [item for item in stopped if item.task_instance.job_id is not None and item.task_instance.pid is None]
    deferred = [item for item in stopped if item.task_instance.state_before == "deferred"]
    if not starting and not deferred:
        return
    with database_errors(_done_and_unwatched(changed)):
        _watch(
            starting,
            OVERWRITE_PATIENCE_SECONDS,
            until=lambda row: row.pid is not None or not row.process_alive,
            session=session,
        )
        if deferred:
            time.sleep(_POLL_SECONDS)
            _correct_after_triggerer(deferred, session=session)


def await_stopped(changed: ChangedRun, seconds: float, *, session: Session) -> tuple[TouchedTaskInstance, ...]:
    """Wait until the processes of stopped task instances have ended; return the task instances whose process has not.

    seconds: how long to wait at most; with 0 this looks once. A process has ended when its LocalTaskJob has, which
    outlives it and its on_kill. A job without a heartbeat for [scheduler] scheduler_zombie_task_threshold seconds
    counts as ended too, as it does for Airflow itself. Meanwhile states that are overwritten are restored. For a dry
    run this looks once, restores nothing, and returns those that would have to end. The session must have nothing
    pending. Raises Unavailable.
    """
    return await_all_stopped([changed], seconds, session=session)[0]


def await_all_stopped(
    changed: Sequence[ChangedRun], seconds: float, *, session: Session
) -> list[tuple[TouchedTaskInstance, ...]]:
    """Do what await_stopped does for several runs of one DAG at once; return what is left of each run."""
    with_process = [item for item in _stopped(changed) if item.task_instance.job_id is not None]
    if any(run.dry_run for run in changed):
        alive = set(await_ended([item.task_instance for item in with_process], 0, session=session))
        still_running = [item for item in with_process if item.task_instance in alive]
    else:
        with database_errors(_done_and_unwatched(changed)):
            still_running = _watch(with_process, seconds, until=lambda row: not row.process_alive, session=session)
    still_running_by_run: dict[str, list[TouchedTaskInstance]] = defaultdict(list)
    for item in still_running:
        still_running_by_run[item.run.run_id].append(item.task_instance)
    return [tuple(still_running_by_run[run.run_id]) for run in changed]


def await_ended(
    task_instances: Iterable[TouchedTaskInstance], seconds: float, *, session: Session
) -> tuple[TouchedTaskInstance, ...]:
    """Wait until the processes of task instances have ended; return the task instances whose process has not.

    seconds: how long to wait at most; with 0 this looks once. A process has ended when its LocalTaskJob has, which
    outlives it and its on_kill. A job without a heartbeat for [scheduler] scheduler_zombie_task_threshold seconds
    counts as ended too, as it does for Airflow itself. The session must have nothing pending.
    """
    still_running = [task_instance for task_instance in task_instances if task_instance.job_id is not None]
    deadline = time.monotonic() + seconds
    while still_running:
        job_ids = {task_instance.job_id for task_instance in still_running if task_instance.job_id is not None}
        alive = _alive(job_ids, session=session)
        still_running = [task_instance for task_instance in still_running if task_instance.job_id in alive]
        seconds_left = deadline - time.monotonic()
        if not still_running or seconds_left <= 0:
            break
        time.sleep(min(_POLL_SECONDS_UNTIL_ENDED, seconds_left))
    return tuple(still_running)


def _stopped(changed: Iterable[ChangedRun]) -> list[_Stopped]:
    return [_Stopped(run, task_instance) for run in changed for task_instance in run.task_instances]


def _done_and_unwatched(changed: Sequence[ChangedRun]) -> str:
    runs, were, its = f"The DagRun `{changed[0].run_id}`", "was", "its"
    if len(changed) > 1:
        runs, were, its = f"{len(changed)} DagRuns", "were", "their"
    return (
        f"{runs} of the DAG `{changed[0].dag_id}` {were} changed as asked, but Airflow's database does not answer any "
        f"more; look at {its} task instances, a process may have written over their states"
    )


def _watch(
    watched: list[_Stopped], seconds: float, *, until: Callable[[Row], bool], session: Session
) -> list[_Stopped]:
    """Look at task instances again and again, restoring their states, until `until` holds for all their rows.

    Returns those for which it does not hold after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while watched:
        looks = _look(watched, session=session)
        _correct_after_processes(looks, session=session)
        watched = [stopped for stopped, row in looks if not until(row)]
        seconds_left = deadline - time.monotonic()
        if seconds_left <= 0:
            break
        if watched:
            time.sleep(min(_POLL_SECONDS, seconds_left))
    return watched


def _look(watched: list[_Stopped], *, session: Session) -> list[tuple[_Stopped, Row]]:
    """Return task instances with their present rows; those that are in their next try by now are left out."""
    columns = (TI.c.run_id, TI.c.task_id, TI.c.map_index, TI.c.job_id, TI.c.state, TI.c.pid)
    query = select(*columns, process_alive(TI.c.job_id)).where(_condition(watched))
    rows_now = session.execute(query).all()
    session.rollback()  # the next look has to see what is committed meanwhile, and no connection is held until then
    # Each try has a job of its own.
    row_of = {(row.run_id, row.task_id, row.map_index, row.job_id): row for row in rows_now}
    return [
        (stopped, row) for stopped in watched if (row := row_of.get((*_key(stopped), stopped.task_instance.job_id)))
    ]


def _correct_after_processes(looks: list[tuple[_Stopped, Row]], *, session: Session) -> None:
    overwritten = [
        (stopped, row) for stopped, row in looks if row.state in _overwriting_states(stopped.task_instance.state_after)
    ]
    groups: dict[tuple[str | None, str | None], list[_Stopped]] = defaultdict(list)
    for stopped, row in overwritten:
        state_after = stopped.task_instance.state_after
        # If the process is gone, there is nothing to tell to restart: without a state, the scheduler starts a new one.
        gone = state_after == "restarting" and not row.process_alive
        groups[state_after, None if gone else state_after].append(stopped)
    corrections = [
        _Correction(
            _condition(group)
            & TI.c.job_id.in_(sorted({job_id for item in group if (job_id := item.task_instance.job_id) is not None}))
            & TI.c.state.in_(_overwriting_states(state_after)),
            state,
        )
        for (state_after, state), group in groups.items()
    ]
    failed = [stopped for stopped, row in overwritten if row.state == "failed"]
    _correct([stopped for stopped, _ in overwritten], corrections, failed=failed, session=session)


def _overwriting_states(state_after: str | None) -> tuple[str, ...]:
    # A process that fails by itself writes failed over skipped and success; one that skips itself writes skipped over
    # success. Over failed, or a restart, it may write failed.
    by_itself = {"skipped": ("failed",), "success": ("failed", "skipped")}
    return (*_BY_PROCESS, *by_itself.get(str(state_after), ()))


def _correct_after_triggerer(deferred: list[_Stopped], *, session: Session) -> None:
    # The triggerer stores an event for the method that is to go on. The stop removed both, and a next try has neither.
    is_resumed = TI.c.state.in_(_BY_TRIGGERER) & TI.c.next_kwargs.is_not(null())
    resumed_rows = session.execute(
        select(TI.c.run_id, TI.c.task_id, TI.c.map_index).where(_condition(deferred), is_resumed)
    ).all()
    session.rollback()
    keys = {(row.run_id, row.task_id, row.map_index) for row in resumed_rows}
    resumed = [stopped for stopped in deferred if _key(stopped) in keys]
    groups: dict[str | None, list[_Stopped]] = defaultdict(list)
    for stopped in resumed:
        groups[stopped.task_instance.state_after].append(stopped)
    corrections = [_Correction(_condition(group) & is_resumed, state) for state, group in groups.items()]
    _correct(resumed, corrections, session=session)


def _correct(
    overwritten: list[_Stopped],
    corrections: list[_Correction],
    *,
    failed: Iterable[_Stopped] = (),
    session: Session,
) -> None:
    """Restore the states that are still overwritten once the runs are locked.

    failed: those that were skipped or marked as successful, and that their process had set to failed.
    """
    if not corrections:
        return
    changed_runs = list({stopped.run.run_id: stopped.run for stopped in overwritten}.values())
    failed_tasks: dict[str, set[str]] = defaultdict(set)
    for stopped in failed:
        failed_tasks[stopped.run.run_id].add(stopped.task_instance.task_id)
    run_ids = sorted(run.run_id for run in changed_runs)

    def change() -> None:
        runs = select_runs(
            and_(RUN.c.dag_id == changed_runs[0].dag_id, RUN.c.run_id.in_(run_ids)), lock=True, session=session
        )
        for correction in corrections:
            session.execute(rows.changing(correction.overwritten, _values(correction.state, session=session)))
        for run in runs:
            if run.run_id in failed_tasks:
                _undo_failures(run, sorted(failed_tasks[run.run_id]), session=session)

    sentence = _done_and_unwatched(changed_runs)
    in_one_transaction(change, session=session, unavailable=sentence, unknown=lambda _: sentence)


def _undo_failures(run: Row, task_ids: Iterable[str], *, session: Session) -> None:
    """Undo what the scheduler decided, downstream and about the run, because marked tasks had been set to failed."""
    dag, _ = serialized_dag(run.dag_id, session=session)
    states = session.execute(
        select(TI.c.task_id, TI.c.map_index, TI.c.state).where(rows.of_run(run.dag_id, run.run_id))
    )
    downstream = decide_downstream(dag, task_ids, RunStates(dag, states))
    mark({(run.dag_id, run.run_id): downstream}, timezone.utcnow(), session=session)
    if run.state == "failed" or (downstream and run.state in State.finished_dr_states):
        queue_again([run.id], session=session)


def _key(stopped: _Stopped) -> tuple[str, str, int]:
    return stopped.run.run_id, stopped.task_instance.task_id, stopped.task_instance.map_index


def _condition(stopped: Iterable[_Stopped]) -> ColumnElement:
    keys: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for item in stopped:
        keys[item.run.dag_id, item.run.run_id].append((item.task_instance.task_id, item.task_instance.map_index))
    return rows.of_runs(keys)


def _values(state: str | None, *, session: Session) -> dict[str, Any]:
    if state in rows.FINISHED:
        return finishing(state, timezone.utcnow(), session=session)
    return {"state": state, **rows.without_deferral()}


def _alive(job_ids: set[int], *, session: Session) -> set[int]:
    alive = set(session.execute(select(_JOB.c.id).where(_JOB.c.id.in_(sorted(job_ids)), job_alive())).scalars())
    session.rollback()  # the next look has to see what is committed meanwhile, and no connection is held until then
    return alive


def job_alive() -> ColumnElement:
    """Return the condition for jobs whose process may still run: not ended, and with a recent heartbeat."""
    silence = timedelta(seconds=conf.getint("scheduler", "scheduler_zombie_task_threshold"))
    return and_(
        _JOB.c.state.in_(["running", "restarting"]),
        _JOB.c.end_date.is_(None),
        _JOB.c.latest_heartbeat > timezone.utcnow() - silence,
    )


def process_alive(job_id: ColumnElement) -> ColumnElement:
    """Return the column that tells whether the process of the job with this id may still run."""
    return exists().where(_JOB.c.id == job_id, job_alive()).label("process_alive")
