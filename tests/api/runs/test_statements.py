"""The cost of an operation does not grow with the run."""

from __future__ import annotations

import tracemalloc

import pytest
from sqlalchemy import func, insert, select, update

from openmetadata_airflow_apis.conflict_errors import TaskIsStopping
from openmetadata_airflow_apis.runs import (
    RestartChoice,
    kill_running,
    processes_after_stop,
    restart_failed,
    run_partial,
    skip_task_instance,
    succeed_task_instance,
    trigger_dag,
)
from support.dag_runs import new_dag, new_run, put_states, store
from support.statements import counted

LIMIT = 25


def _dag(indexes: int):
    """Return a DAG with a start, a mapped task of so many indexes, a mapped group, and an end."""
    from airflow.operators.bash import BashOperator

    with new_dag("statements") as dag:
        start = BashOperator(task_id="start", bash_command="true")
        end = BashOperator(task_id="end", bash_command="true")
        start >> BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * indexes) >> end
    return dag


def _restart(session):
    put_states("statements", {"start": "failed"}, session)
    return lambda: restart_failed("statements", "manual__1", user="ada", session=session)


def _restart_scattered(session):
    put_states("statements", {("mapped", index): "failed" for index in (1, 3, 4, 7)}, session)
    return lambda: restart_failed("statements", "manual__1", user="ada", session=session)


def _restart_killed(session, **job_columns):
    from airflow.jobs.job import Job
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils import timezone

    job, table = Job.__table__, TaskInstance.__table__
    of_run = table.c.dag_id == "statements"
    number = session.scalar(select(func.count()).select_from(table).where(of_run))
    last = session.scalar(select(func.max(job.c.id))) or 0
    columns = {"job_type": "LocalTaskJob", "state": "success", "end_date": timezone.utcnow(), **job_columns}
    session.execute(insert(job), [columns] * number)  # the database numbers them, or its sequence falls behind
    first = session.scalar(select(func.min(job.c.id)).where(job.c.id > last))
    session.execute(update(table).where(of_run).values(state="failed", job_id=first + table.c.map_index + 1))
    session.commit()
    return lambda: restart_failed("statements", "manual__1", user="ada", session=session)


def _restart_chosen(session):
    choice = RestartChoice(("mapped",), only_failed=False)
    put_states("statements", {("mapped", index): "success" for index in range(8)}, session)
    return lambda: restart_failed("statements", "manual__1", choice=choice, user="ada", session=session)


def _restart_alone(session):
    put_states("statements", {("mapped", 3): "failed"}, session)
    choice = RestartChoice(("mapped",), 3, include_downstream=False)
    return lambda: restart_failed("statements", "manual__1", choice=choice, user="ada", session=session)


def _plan(session):
    put_states("statements", {"start": "failed"}, session)

    def plan():
        arguments = {"dry_run": True, "user": "ada", "session": session}
        restart_failed("statements", "manual__1", **arguments)
        kill_running("statements", "manual__1", **arguments)
        skip_task_instance("statements", "manual__1", "start", **arguments)
        succeed_task_instance("statements", "manual__1", "start", **arguments)
        trigger_dag("statements", **arguments)

    return plan


def _kill(session):
    return lambda: kill_running("statements", "manual__1", user="ada", session=session)


def _skip(session):
    return lambda: skip_task_instance("statements", "manual__1", "start", user="ada", session=session)


def _succeed(session):
    put_states("statements", {"start": "failed"}, session)
    return lambda: succeed_task_instance("statements", "manual__1", "start", user="ada", session=session)


def _partial(session):
    return lambda: run_partial("statements", ["mapped"], run_id="manual__2", user="ada", session=session)


@pytest.mark.parametrize(
    "operation",
    [
        _restart,
        _restart_scattered,
        _restart_killed,
        _restart_chosen,
        _restart_alone,
        _plan,
        _kill,
        _skip,
        _succeed,
        _partial,
    ],
)
def test_the_number_of_statements_is_constant(session, operation):
    """An operation takes as many SQL statements for 5,000 task instances as for 10, and at most 25."""
    numbers = []
    for indexes in (8, 4998):
        dag = _dag(indexes)
        store(dag, session)
        new_run(dag, session)
        verb = operation(session)
        with counted(session) as statements:
            verb()
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    assert numbers[0] <= LIMIT


def test_a_restart_that_has_to_wait_costs_few_statements_more(session, monkeypatch):
    """Finding that 5,000 processes are still there takes as few statements as for 10: five, and one a look."""
    from airflow.utils import timezone

    monkeypatch.setattr(processes_after_stop, "STOPPING_PATIENCE_SECONDS", 0)
    numbers = []
    for indexes in (8, 4998):
        dag = _dag(indexes)
        store(dag, session)
        new_run(dag, session)
        verb = _restart_killed(session, state="running", end_date=None, latest_heartbeat=timezone.utcnow())
        with counted(session) as statements, pytest.raises(TaskIsStopping, match=f"like {indexes + 1} more"):
            verb()
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    assert numbers[0] <= 6


def test_memory_holds_plain_rows(session):
    """A kill of 5,000 task instances needs a few megabytes, for what it answers."""
    dag = _dag(4998)
    store(dag, session)
    new_run(dag, session)
    tracemalloc.start()
    killed = kill_running("statements", "manual__1", user="ada", session=session)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(killed.task_instances) == 5000
    assert peak < 12_000_000
