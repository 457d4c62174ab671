"""Killing and restarting many runs of a DAG at once."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from openmetadata_airflow_apis.conflict_errors import NothingFailed, NothingRunning, TaskIsStopping, TooManyRuns
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound
from openmetadata_airflow_apis.runs import (
    ChosenRuns,
    await_all_stopped,
    dag_state,
    kill_dag_runs,
    kill_running,
    processes_after_stop,
    restart_dag_runs,
    restart_failed,
)
from support.dag_runs import START, logged_details, new_dag, new_run, run_row, states, store, task_instance_rows
from support.statements import counted
from support.versions import CLEARS_COUNTED, clears

FIRST = START + timedelta(days=1)  # the logical date of the first run; each further one is an hour later
NOT_RUN = {"left": None, "right": None, "last": None}
UNFINISHED = {"left": "running", "right": "queued", "last": None}
LEFT_FAILED = {"left": "failed", "right": "success", "last": "upstream_failed"}
RIGHT_FAILED = {"left": "success", "right": "failed", "last": "upstream_failed"}
DONE = {"left": "success", "right": "success", "last": "success"}


@pytest.fixture
def dag(session):
    """The DAG `many`: left and right, then last."""
    from airflow.operators.bash import BashOperator

    with new_dag("many") as dag:
        [BashOperator(task_id=name, bash_command="true") for name in ("left", "right")] >> BashOperator(
            task_id="last", bash_command="true"
        )
    store(dag, session)
    return dag


@pytest.fixture
def runs(dag, session):
    """Five runs, an hour after one another: a and b are unfinished, c and e have failed, d is done."""
    for run_id, of_tasks, state in (
        ("a", UNFINISHED, "running"),
        ("b", NOT_RUN, "queued"),
        ("c", LEFT_FAILED, "failed"),
        ("d", DONE, "success"),
        ("e", RIGHT_FAILED, "failed"),
    ):
        new_run(dag, session, of_tasks, run_id=run_id, run_state=state)


def choose(*run_ids, at_most=500, **fits):
    """A choice among the runs of `many`, by run_ids or by what fits."""
    return ChosenRuns("many", at_most, run_ids=run_ids or None, **fits)


def kill(session, chosen, **arguments):
    return kill_dag_runs(chosen, user="ada", session=session, **arguments)


def restarting(session, chosen, **arguments):
    return restart_dag_runs(chosen, user="ada", session=session, **arguments)


def run_ids(runs):
    return [run.run_id for run in runs]


def all_states(session):
    return {run_id: (run_row("many", session, run_id).state, states("many", session, run_id)) for run_id in "abcde"}


def test_what_is_unfinished_in_the_chosen_runs_is_failed(runs, session):
    """A kill fails what is unfinished in each chosen run and the run; one that is done stays, and is named."""
    before = all_states(session)
    killed = kill(session, choose("d", "b", "a"))
    assert (run_ids(killed.dag_runs), run_ids(killed.untouched)) == (["a", "b"], ["d"])
    assert [(run.state, len(run.task_instances)) for run in killed.dag_runs] == [("failed", 3), ("failed", 3)]
    assert (killed.untouched[0].state, killed.untouched[0].logical_date) == ("success", FIRST + timedelta(hours=3))
    failed = dict.fromkeys(NOT_RUN, "failed")
    assert all_states(session) == {**before, "a": ("failed", failed), "b": ("failed", failed)}


def test_a_run_among_many_is_killed_as_one_alone(runs, dag, session):
    """Answer, columns, note and audit row are those of kill_running_tasks, but for the operation's name."""
    from airflow.models.log import Log

    new_run(dag, session, UNFINISHED, run_id="alone")
    alone = kill_running("many", "alone", user="ada", session=session)
    (killed,) = kill(session, choose("a", "d")).dag_runs
    assert (killed.state, killed.task_instances) == (alone.state, alone.task_instances)
    columns = {"state", "max_tries", "try_number", "next_method", "trigger_id", "external_executor_id"}
    for key, row in task_instance_rows("many", session, "alone").items():
        other = task_instance_rows("many", session, "a")[key]
        assert {name: row[name] for name in columns} == {name: other[name] for name in columns}
    notes = [dag_state("many", run_id, session=session).note.partition(" ada: ")[2] for run_id in ("alone", "a")]
    assert notes == ["killed the run (3 task instances failed)"] * 2
    assert dag_state("many", "d", session=session).note is None
    logged = session.scalars(select(Log).where(Log.dag_id == "many").order_by(Log.id.desc()).limit(2)).all()
    assert [(row.event, logged_details(row)) for row in reversed(logged)] == [
        ("kill_running_tasks", {"run_id": "alone", "task_instances": 3}),
        ("kill_dag_runs", {"run_id": "a", "task_instances": 3}),
    ]


def test_what_failed_in_the_chosen_runs_is_cleared(runs, session):
    """A restart clears in each run what failed there, with what is downstream; one in which nothing failed stays."""
    before = all_states(session)
    restarted = restarting(session, choose("c", "d", "e"))
    assert (run_ids(restarted.dag_runs), run_ids(restarted.untouched)) == (["c", "e"], ["d"])
    assert (restarted.failed_task_count, restarted.clear_task_count) == (2, 4)
    assert [[one.task_id for one in run.task_instances] for run in restarted.dag_runs] == [
        ["last", "left"],
        ["last", "right"],
    ]
    assert all_states(session) == {
        **before,
        "c": ("queued", {"left": None, "right": "success", "last": None}),
        "e": ("queued", {"left": "success", "right": None, "last": None}),
    }
    assert clears(run_row("many", session, "c")) == (CLEARS_COUNTED and 1)


def test_a_run_among_many_is_restarted_as_one_alone(runs, dag, session):
    """Answer and columns are those of restart_failed_task."""
    new_run(dag, session, LEFT_FAILED, run_id="alone", run_state="failed")
    alone = restart_failed("many", "alone", user="ada", session=session)
    restarted = restarting(session, choose("c", "e")).dag_runs[0]
    assert (restarted.state, restarted.task_instances) == (alone.state, alone.task_instances)
    columns = {"state", "max_tries", "try_number", "end_date", "duration", "next_method", "external_executor_id"}
    for key, row in task_instance_rows("many", session, "alone").items():
        other = task_instance_rows("many", session, "c")[key]
        if row["state"] is None:
            assert {name: row[name] for name in columns - {"end_date"}} == {
                name: other[name] for name in columns - {"end_date"}
            }


@pytest.mark.parametrize(
    ("fits", "expected"),
    [
        ({"states": ["running"]}, "a"),
        ({"states": ["running", "queued", "success"]}, "ab"),
        ({"logical_date_gte": FIRST + timedelta(hours=1)}, "b"),
        ({"logical_date_lte": FIRST}, "a"),
        ({"states": ["queued"], "logical_date_gte": FIRST, "logical_date_lte": FIRST + timedelta(hours=1)}, "b"),
    ],
    ids=str,
)
def test_runs_are_chosen_by_state_and_logical_date(runs, session, fits, expected):
    """Those that fit all that is given; both dates are included."""
    assert run_ids(kill(session, choose(**fits)).dag_runs) == list(expected)


@pytest.mark.parametrize(("verb", "chosen"), [(kill, "abd"), (restarting, "cde")])
def test_a_dry_run_changes_nothing_and_locks_nothing(runs, session, verb, chosen):
    """It answers what would be, also while another transaction holds the runs."""
    from airflow.settings import engine
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run

    before = all_states(session)
    with Session(engine) as other:
        find_run("many", chosen[0], lock=True, session=other)
        planned = verb(session, choose(*chosen), dry_run=True)
        other.rollback()
    assert (planned.dry_run, len(planned.dag_runs), run_ids(planned.untouched)) == (True, 2, ["d"])
    assert all_states(session) == before
    assert all(dag_state("many", run_id, session=session).note is None for run_id in chosen)
    done = verb(session, choose(*chosen))
    assert [run.task_instances for run in done.dag_runs] == [run.task_instances for run in planned.dag_runs]


@pytest.mark.parametrize("verb", [kill, restarting])
def test_a_run_that_is_not_there_is_named_and_nothing_is_done(runs, session, verb):
    """Of several run_ids that are not there all are named."""
    before = all_states(session)
    with pytest.raises(DagRunNotFound) as refused:
        verb(session, choose("a", "nope", "c", "neither"))
    assert str(refused.value) == (
        "The DagRun with dag_id: `many` and run_id: `nope` was not found, nor were `neither`; nothing was changed"
    )
    with pytest.raises(DagNotFound):
        verb(session, ChosenRuns("nope", 500, run_ids=["a"]))
    with pytest.raises(DagNotFound):
        verb(session, ChosenRuns("nope", 500, states=["failed"]))
    assert all_states(session) == before


def test_nothing_to_do_at_all_is_a_conflict(runs, session):
    """Where no chosen run has anything to kill or to restart, or none fits, that is said."""
    with pytest.raises(NothingRunning, match="None of the 2 chosen DagRuns of the DAG `many` has any unfinished task"):
        kill(session, choose("c", "d"))
    with pytest.raises(NothingFailed, match="The DagRun `d` of the DAG `many` has no failed task instances"):
        restarting(session, choose("d"))
    for verb, error in ((kill, NothingRunning), (restarting, NothingFailed)):
        with pytest.raises(error, match="No DagRun of the DAG `many` has the states and the logical date"):
            verb(session, choose(logical_date_lte=START))


def test_more_runs_than_may_be_changed_at_once_are_refused(runs, session):
    """They are counted, and nothing is changed; as many as may be are changed."""
    before = all_states(session)
    with pytest.raises(TooManyRuns, match="3 DagRuns of the DAG `many` fit, and at most 2 are changed at once; choose"):
        restarting(session, choose(states=["failed", "success"], at_most=2))
    assert all_states(session) == before
    assert run_ids(restarting(session, choose(states=["failed"], at_most=2)).dag_runs) == ["c", "e"]


def _job(session, **columns):
    from airflow.jobs.job import Job
    from airflow.utils import timezone

    table = Job.__table__
    values = {"job_type": "LocalTaskJob", "state": "running", "latest_heartbeat": timezone.utcnow(), **columns}
    job_id = session.execute(insert(table).values(values)).inserted_primary_key[0]
    session.commit()
    return job_id


def _give_job(session, run_id, task_id, job_id, **values):
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    these = (table.c.dag_id == "many") & (table.c.run_id == run_id) & (table.c.task_id == task_id)
    session.execute(update(table).where(these).values(job_id=job_id, hostname="worker-1", **values))
    session.commit()


def _end(session, job_id):
    from airflow.jobs.job import Job
    from airflow.utils import timezone

    session.execute(update(Job.__table__).where(Job.id == job_id).values(state="success", end_date=timezone.utcnow()))
    session.commit()


def test_a_restart_waits_for_the_process_of_any_of_them(runs, session, monkeypatch):
    """A process of one run that has not ended keeps all runs as they are, and is named with its run."""
    job_id = _job(session)
    _give_job(session, "e", "right", job_id, pid=4711)
    monkeypatch.setattr(processes_after_stop, "STOPPING_PATIENCE_SECONDS", 0)
    before = all_states(session)
    with pytest.raises(
        TaskIsStopping, match=r"`right` \(host worker-1, pid 4711\) has not ended yet in the DagRun `e`"
    ):
        restarting(session, choose("c", "e"))
    assert all_states(session) == before
    _end(session, job_id)
    assert len(restarting(session, choose("c", "e")).dag_runs) == 2


def test_kills_outlast_what_processes_write(runs, dag, session):
    """Processes of several runs that had just begun write over the kill, and are failed again, in one go."""
    new_run(dag, session, UNFINISHED, run_id="f")
    jobs = {run_id: _job(session) for run_id in ("a", "f")}
    for run_id, job_id in jobs.items():
        _give_job(session, run_id, "left", job_id, pid=None)

    def write():
        from airflow.settings import Session

        for run_id, job_id in jobs.items():
            _give_job(Session(), run_id, "left", job_id, state="running", pid=4712, max_tries=2, end_date=None)
        Session.remove()

    process = threading.Timer(0.5, write)
    process.start()
    killed = kill(session, choose("a", "f"))
    process.join()
    for run_id in jobs:
        assert set(states("many", session, run_id).values()) == {"failed"}
    assert [len(left) for left in await_all_stopped(killed.dag_runs, 0, session=session)] == [1, 1]
    _end(session, jobs["a"])
    left = await_all_stopped(killed.dag_runs, 0, session=session)
    assert [[one.job_id for one in of_run] for of_run in left] == [[], [jobs["f"]]]
    _end(session, jobs["f"])
    assert await_all_stopped(killed.dag_runs, 5, session=session) == [(), ()]


def _wide_dag(tasks):
    from airflow.operators.bash import BashOperator

    with new_dag("many") as dag:
        first = BashOperator(task_id="first", bash_command="true")
        first >> [BashOperator(task_id=f"t{number}", bash_command="true") for number in range(tasks - 1)]
    return dag


def _fill(session, number, tasks):
    """Put so many runs of so many tasks into the database, in each of which something else has failed."""
    from airflow.models.taskinstance import TaskInstance

    dag = _wide_dag(tasks)
    store(dag, session)
    table = TaskInstance.__table__
    chance = random.Random(number)  # noqa: S311 - not a secret
    for index in range(number):
        new_run(dag, session, run_id=f"r{index:03}", run_state="failed")
        of_run = (table.c.dag_id == "many") & (table.c.run_id == f"r{index:03}")
        failed = [f"t{chance.randrange(tasks - 1)}" for _ in range(3)]
        session.execute(update(table).where(of_run).values(state="success"))
        session.execute(update(table).where(of_run, table.c.task_id.in_(failed)).values(state="failed"))
        session.execute(update(table).where(of_run, table.c.task_id == "first").values(state="queued"))
    session.commit()


@pytest.mark.parametrize("verb", [kill, restarting])
def test_the_number_of_statements_is_constant(session, verb):
    """It is the same for 1 run and for 200, of 10 task instances and of 5,000 together, and at most 25."""
    numbers = {}
    for number, tasks in ((1, 10), (1, 400), (200, 25)):
        _fill(session, number, tasks)
        with counted(session) as statements:
            done = verb(session, choose(states=["failed"]))
        assert len(done.dag_runs) == number
        numbers[number, tasks] = len(statements)
    assert len(set(numbers.values())) == 1, numbers
    assert max(numbers.values()) <= 25


@pytest.mark.parametrize(("verb", "refusal"), [(kill, NothingRunning), (restarting, NothingFailed)])
def test_of_two_who_choose_the_same_runs_one_does_it(runs, session, verb, refusal):
    """Two callers at the same time, in opposite orders: one changes the runs, the other finds nothing left."""
    from airflow.models.log import Log
    from airflow.settings import Session

    chosen = ("a", "b") if verb is kill else ("c", "e")
    event = "kill_dag_runs" if verb is kill else "restart_dag_runs"
    logged = select(func.count()).select_from(Log).where(Log.dag_id == "many", Log.event == event)
    logged_before = session.scalar(logged)
    session.rollback()
    together = threading.Barrier(2)
    answers = []

    def call(*in_order):
        together.wait()
        try:
            answers.append(len(verb(Session(), choose(*in_order)).dag_runs))
        except refusal:
            answers.append(0)
        finally:
            Session.remove()

    threads = [threading.Thread(target=call, args=order) for order in (chosen, reversed(chosen))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0, 2]
    assert session.scalar(logged) - logged_before == 2
