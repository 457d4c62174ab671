"""What a verb is about to do is a plan; a dry run answers it, and plans for many runs are applied as one."""

from __future__ import annotations

import contextlib
import inspect
import random

import pytest
from sqlalchemy import select

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.runs import ChosenRuns, dag_state, restart_failed, run_partial, trigger_dag
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run
from openmetadata_airflow_apis.runs.kill import plan_kills
from openmetadata_airflow_apis.runs.restart import plan_restarts
from openmetadata_airflow_apis.runs.run_change_plan import apply
from openmetadata_airflow_apis.runs.trigger import plan_run, runnable_dag
from support.dag_runs import START, new_dag, new_run, run_row, states, store, task_instance_rows
from support.random_dags import random_dag
from support.statements import counted


@pytest.fixture
def dag(session):
    """A DAG of a mapped task with three indexes, and one task after it."""
    from airflow.operators.bash import BashOperator

    with new_dag("planned") as dag:
        BashOperator.partial(task_id="mapped", retries=2).expand(bash_command=["true"] * 3) >> BashOperator(
            task_id="after", bash_command="true"
        )
    store(dag, session)
    return dag


@contextlib.contextmanager
def _another_holds(dag_id, run_id):
    """Hold a run's lock in another transaction."""
    from airflow.settings import engine
    from sqlalchemy.orm import Session

    other = Session(engine)
    find_run(dag_id, run_id, session=other, lock=True)
    try:
        yield
    finally:
        other.rollback()
        other.close()


def test_a_dry_run_locks_nothing(dag, session):
    """A dry run answers while another transaction holds the run, and its task instances are free afterwards."""
    new_run(dag, session, {"mapped": "failed"}, run_state="failed")
    with _another_holds("planned", "manual__1"):
        planned = restart_failed("planned", "manual__1", dry_run=True, user="ada", session=session)
        partial = run_partial("planned", ["after"], run_id="manual__2", dry_run=True, user="ada", session=session)
    assert (planned.clear_task_count, len(partial.task_instances)) == (4, 4)


@pytest.mark.parametrize("seed", range(8))
def test_a_planned_run_has_the_task_instances_that_airflow_creates(session, seed):
    """Over random DAGs, the task instances of a run that is only planned are those that Airflow creates."""
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.utils import timezone

    dag = random_dag(random.Random(seed))  # noqa: S311 - not a secret
    with dag:
        EmptyOperator(task_id="ended", end_date=START)
        EmptyOperator(task_id="later", start_date=timezone.utcnow().replace(year=2999))
        BashOperator.partial(task_id="over_nothing").expand(bash_command=[])
    store(dag, session)
    planned = plan_run(
        runnable_dag("random", session=session), now=timezone.utcnow(), run_id="manual__1", conf=None, session=session
    )
    session.rollback()
    trigger_dag("random", run_id="manual__1", user="ada", session=session)
    assert planned.task_instances() == sorted(task_instance_rows("random", session))


def test_the_plans_of_many_runs_are_applied_as_one(dag, session):
    """A restart of ten runs takes as many statements as one of two, and each run is as if it were restarted alone."""
    from airflow.models.log import Log

    run_ids = [f"manual__{number}" for number in range(12)]
    for run_id in run_ids:
        new_run(dag, session, {"mapped": "failed"}, run_id=run_id, run_state="failed")
    numbers = []
    for chosen in (run_ids[:2], run_ids[2:]):
        runs = [find_run("planned", run_id, lock=True, session=session) for run_id in chosen]
        plans = plan_restarts("planned", runs, lock=True, session=session)
        with counted(session) as statements:
            apply("restart_failed_task", plans, user="ada", session=session)
        session.commit()
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    alone = "manual__alone"
    new_run(dag, session, {"mapped": "failed"}, run_id=alone, run_state="failed")
    restart_failed("planned", alone, user="ada", session=session)
    expected = _what_changes(task_instance_rows("planned", session, alone))
    for run_id in run_ids:
        assert _what_changes(task_instance_rows("planned", session, run_id)) == expected
        assert run_row("planned", session, run_id).state == "queued"
        note = dag_state("planned", run_id, session=session).note
        assert note.endswith("ada: restarted 3 failed task instances, 4 cleared in all")
    logged = session.scalars(select(Log.extra).where(Log.dag_id == "planned").order_by(Log.id.desc()).limit(13)).all()
    assert sorted('"manual__' in extra for extra in logged) == [True] * 13


def test_a_plan_touches_no_other_run(dag, session):
    """Plans for some task instances of some runs leave the others of these runs, and other runs, as they are."""
    for number, running in enumerate(["mapped", "after", "mapped"]):
        new_run(dag, session, {"mapped": "success", "after": "success", running: "running"}, run_id=f"manual__{number}")
    chosen = [find_run("planned", f"manual__{number}", lock=True, session=session) for number in (0, 1)]
    plans = plan_kills(chosen, lock=True, session=session)
    apply("kill_running_tasks", plans, user="ada", session=session)
    session.commit()
    mapped = [("mapped", index) for index in range(3)]
    assert states("planned", session, "manual__0") == {"after": "success", **dict.fromkeys(mapped, "failed")}
    assert states("planned", session, "manual__1") == {"after": "failed", **dict.fromkeys(mapped, "success")}
    assert states("planned", session, "manual__2") == {"after": "success", **dict.fromkeys(mapped, "running")}
    assert [run_row("planned", session, f"manual__{number}").state for number in range(3)] == [
        "failed",
        "failed",
        "running",
    ]


def _what_changes(task_instances):
    """Return what a restart writes, without what differs from run to run."""
    return {
        key: {name: row[name] for name in ("state", "max_tries", "try_number", "next_method", "external_executor_id")}
        for key, row in task_instances.items()
    }


def _dry_runs() -> list[str]:
    """Return the names of the functions of runs/ that have a dry run."""
    return [
        name
        for name in runs.__all__
        if inspect.isfunction(function := getattr(runs, name))
        and {"dry_run", "session"} <= set(inspect.signature(function).parameters)
    ]


@pytest.mark.parametrize("name", _dry_runs())
def test_a_dry_run_that_is_refused_ends_its_transaction(session, name):
    """A dry run leaves no transaction open, also when it ends with an error."""
    values = {
        "dag_id": "nowhere",
        "run_id": "manual__1",
        "task_id": "after",
        "task_ids": ["after"],
        "chosen": ChosenRuns("nowhere", at_most=5),
        "user": "ada",
    }
    verb = getattr(runs, name)
    required = [
        parameter.name
        for parameter in inspect.signature(verb).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "session"
    ]
    session.rollback()
    with pytest.raises(DagNotFound):
        verb(**{argument: values[argument] for argument in required}, dry_run=True, session=session)
    assert not session.in_transaction()
