"""Every operation takes its locks in the scheduler's order: the run first, then its task instances.

Whoever takes them the other way round deadlocks with the scheduler, and its process may be the one that ends. Then
come tables of which nobody holds a row while waiting for a run or a task instance: jobs, notes, the audit log.
"""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.runs import (
    ChosenRuns,
    await_stopped,
    kill_dag_runs,
    kill_running,
    restart_dag_runs,
    restart_failed,
    run_partial,
    skip_task_instance,
    succeed_task_instance,
    trigger_dag,
)
from support.dag_runs import new_dag, new_run, put_states, store
from support.statements import counted

# The table that a statement locks rows of: a SELECT with FOR UPDATE, or one that writes.
_LOCKING = re.compile(r"^(?:SELECT .*\sFROM|INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM) (\w+)", re.S)
ORDER = [
    "dag_run",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "job",
    "dag_run_note",
    "log",
]


def _kill(session):
    return lambda: kill_running("locks", "manual__1", user="ada", session=session)


def _kill_one(session):
    return lambda: kill_running("locks", "manual__1", task_id="second", user="ada", session=session)


def _restart(session):
    put_states("locks", {"first": "failed", "second": "running"}, session)
    return lambda: restart_failed("locks", "manual__1", user="ada", session=session)


def _kill_many(session):
    return lambda: kill_dag_runs(ChosenRuns("locks", 500, states=["running"]), user="ada", session=session)


def _restart_many(session):
    put_states("locks", {"first": "failed", "second": "running"}, session)
    return lambda: restart_dag_runs(ChosenRuns("locks", 500, run_ids=["manual__1"]), user="ada", session=session)


def _skip(session):
    put_states("locks", {"first": "failed", "second": "upstream_failed", "third": "upstream_failed"}, session)
    return lambda: skip_task_instance("locks", "manual__1", "first", user="ada", session=session)


def _succeed(session):
    put_states("locks", {"first": "failed", "second": "upstream_failed", "third": "upstream_failed"}, session)
    return lambda: succeed_task_instance("locks", "manual__1", "first", user="ada", session=session)


def _trigger(session):
    return lambda: trigger_dag("locks", run_id="manual__2", user="ada", session=session)


def _partial(session):
    return lambda: run_partial("locks", ["second"], run_id="manual__2", user="ada", session=session)


def _correct(session):
    """A process has failed what it had been told to leave skipped, and the scheduler has followed it."""
    skipped = skip_task_instance("locks", "manual__1", "first", user="ada", session=session)
    put_states("locks", {"first": "failed", "second": "upstream_failed"}, session)
    return lambda: await_stopped(skipped, 0, session=session)


@pytest.mark.parametrize(
    "operation", [_kill, _kill_one, _kill_many, _restart, _restart_many, _skip, _succeed, _trigger, _partial, _correct]
)
def test_the_run_is_locked_before_its_task_instances(session, operation):
    """The first lock is the run's, the next are its task instances'; nothing else is locked before both."""
    from airflow.jobs.job import Job
    from airflow.models.taskinstance import TaskInstance
    from airflow.operators.bash import BashOperator

    with new_dag("locks") as dag:
        first, second, third = (
            BashOperator(task_id=name, bash_command="true") for name in ("first", "second", "third")
        )
        first >> second >> third
    store(dag, session)
    job = Job(state="running", job_type="LocalTaskJob")
    session.add(job)
    session.commit()
    new_run(dag, session, {"first": "running"})
    of_first = (TaskInstance.dag_id == "locks") & (TaskInstance.task_id == "first")
    session.execute(update(TaskInstance.__table__).where(of_first).values(job_id=job.id, pid=4711))
    session.commit()
    verb = operation(session)
    if operation in {_restart, _restart_many}:  # whose process would be waited for
        session.execute(update(Job.__table__).values(state="success"))
        session.commit()

    with counted(session) as statements:
        verb()

    locked = [
        found[1]
        for statement in statements
        if (found := _LOCKING.match(statement)) and (not statement.startswith("SELECT") or "FOR UPDATE" in statement)
    ]
    first_locked = list(dict.fromkeys(locked))
    assert first_locked[0] == "dag_run"
    if session.get_bind().dialect.name != "sqlite":  # which has one lock, and no FOR UPDATE
        assert first_locked == sorted(first_locked, key=ORDER.index)
        assert first_locked[1] == "task_instance"
