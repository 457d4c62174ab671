"""Killing what is unfinished in a run."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from openmetadata_airflow_apis.conflict_errors import NothingRunning
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound
from openmetadata_airflow_apis.runs import dag_state, kill_running
from support.dag_runs import START, logged_details, new_dag, new_run, run_row, states, store, task_instance_rows
from support.versions import logged_run_id

LOGICAL_DATE = START + timedelta(days=1)
UNFINISHED = [
    None,
    "scheduled",
    "queued",
    "running",
    "deferred",
    "up_for_retry",
    "up_for_reschedule",
    "restarting",
]
FINISHED = ["success", "failed", "skipped", "upstream_failed", "removed"]


@pytest.fixture
def run(session):
    """A run with a task instance in every state there is, and another run that is not to be touched."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("kill") as dag:
        for state in [*UNFINISHED, *FINISHED]:
            EmptyOperator(task_id=f"t_{state}", retries=3)
    store(dag, session)
    in_every_state = {f"t_{state}": state for state in [*UNFINISHED, *FINISHED]}
    new_run(dag, session, in_every_state, job_id=7, hostname="worker-1", pid=4711)
    new_run(dag, session, in_every_state, run_id="manual__2")
    return in_every_state


def test_every_unfinished_state_fails_and_the_run_with_it(run, session):
    """A kill fails every unfinished task instance and the run, and leaves what is finished and other runs alone."""
    killed = asdict(kill_running("kill", "manual__1", user="ada", session=session))
    process = {"job_id": 7, "hostname": "worker-1", "pid": 4711}
    none = {"job_id": None, "hostname": None, "pid": None}
    assert killed == {
        "dag_id": "kill",
        "run_id": "manual__1",
        "logical_date": LOGICAL_DATE,
        "state": "failed",
        "dry_run": False,
        "task_instances": tuple(
            {
                "task_id": f"t_{state}",
                "map_index": -1,
                "state_before": state,
                "state_after": "failed",
                **(process if state in {"running", "restarting"} else none),
            }
            for state in sorted(UNFINISHED, key=lambda state: f"t_{state}")
        ),
    }
    assert states("kill", session) == {
        **{f"t_{state}": "failed" for state in UNFINISHED},
        **{f"t_{state}": state for state in FINISHED},
    }
    row = run_row("kill", session)
    assert (row.state, row.end_date is not None) == ("failed", True)
    assert states("kill", session, "manual__2") == run
    assert run_row("kill", session, "manual__2").state == "running"


def test_a_killed_task_instance_has_an_end_and_no_further_try(run, session):
    """A killed task instance has dates and a duration; a running one has no tries left to come back with."""
    kill_running("kill", "manual__1", user="ada", session=session)
    rows = task_instance_rows("kill", session)
    running = rows["t_running", -1]
    assert running["start_date"] == LOGICAL_DATE
    assert running["end_date"] > LOGICAL_DATE
    # MySQL's FLOAT, as which Airflow keeps it there, shows six digits.
    precision = {"rel": 1e-5} if session.get_bind().dialect.name == "mysql" else {"abs": 0.002}
    assert running["duration"] == pytest.approx((running["end_date"] - LOGICAL_DATE).total_seconds(), **precision)
    assert (running["try_number"], running["max_tries"]) == (1, 0)
    untried = rows["t_None", -1]
    assert (untried["start_date"] == untried["end_date"], untried["duration"]) == (True, 0)
    assert (untried["try_number"], untried["max_tries"]) == (0, 3)


def test_a_deferred_one_lets_go_of_its_trigger(session):
    """A killed deferred task instance has no trigger to wake it; the triggerer then ends the trigger."""
    from airflow.models.trigger import Trigger
    from airflow.operators.empty import EmptyOperator

    with new_dag("deferral") as dag:
        EmptyOperator(task_id="one")
    store(dag, session)
    trigger = Trigger(classpath="airflow.triggers.testing.SuccessTrigger", kwargs={})
    session.add(trigger)
    session.commit()
    trigger_id = trigger.id
    new_run(dag, session, {"one": "deferred"}, trigger_id=trigger_id, next_method="resume", next_kwargs={"a": 1})
    kill_running("deferral", "manual__1", user="ada", session=session)
    row = task_instance_rows("deferral", session)["one", -1]
    assert {name: row[name] for name in ("state", "trigger_id", "trigger_timeout", "next_method", "next_kwargs")} == {
        "state": "failed",
        "trigger_id": None,
        "trigger_timeout": None,
        "next_method": None,
        "next_kwargs": None,
    }
    Trigger.clean_unused(session=session)
    session.commit()
    assert session.scalars(select(Trigger).where(Trigger.id == trigger_id)).all() == []


@pytest.fixture
def mapped(session):
    from airflow.operators.bash import BashOperator

    with new_dag("kill_mapped") as dag:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * 3) >> BashOperator(
            task_id="after", bash_command="true"
        )
    store(dag, session)
    new_run(dag, session, {("mapped", 0): "success", ("mapped", 1): "running", ("mapped", 2): "queued"})


def test_one_task_is_killed_with_all_its_indexes(mapped, session):
    """With a task_id every unfinished index of that task fails, and the run goes on."""
    killed = kill_running("kill_mapped", "manual__1", task_id="mapped", user="ada", session=session)
    assert [(each.map_index, each.state_before) for each in killed.task_instances] == [(1, "running"), (2, "queued")]
    assert killed.state == "running"
    assert states("kill_mapped", session) == {
        "after": None,
        ("mapped", 0): "success",
        ("mapped", 1): "failed",
        ("mapped", 2): "failed",
    }
    assert run_row("kill_mapped", session).state == "running"


def test_one_index_is_killed_alone(mapped, session):
    """With a map_index that task instance alone fails."""
    kill_running("kill_mapped", "manual__1", task_id="mapped", map_index=2, user="ada", session=session)
    assert states("kill_mapped", session) == {
        "after": None,
        ("mapped", 0): "success",
        ("mapped", 1): "running",
        ("mapped", 2): "failed",
    }


def test_a_kill_leaves_its_traces(mapped, session):
    """A kill leaves a line in the run's note and a row in the audit log, and counts."""
    from airflow.models.log import Log

    kill_running("kill_mapped", "manual__1", task_id="mapped", map_index=1, user="ada", session=session)
    kill_running("kill_mapped", "manual__1", user="bob", session=session)
    note = dag_state("kill_mapped", "manual__1", session=session).note.splitlines()
    assert [line.split("Z ", 1)[1] for line in note] == [
        "ada: killed task mapped (1 task instance failed)",
        "bob: killed the run (2 task instances failed)",
    ]
    rows = session.scalars(select(Log).where(Log.dag_id == "kill_mapped").order_by(Log.id)).all()[-2:]
    assert [
        (row.event, row.owner, logged_run_id(row), row.task_id, row.map_index, logged_details(row)) for row in rows
    ] == [
        ("kill_running_tasks", "ada", "manual__1", "mapped", 1, {"run_id": "manual__1", "task_instances": 1}),
        ("kill_running_tasks", "bob", "manual__1", None, None, {"run_id": "manual__1", "task_instances": 2}),
    ]


def test_nothing_to_kill_is_said(mapped, session):
    """A run, a task or an index without anything unfinished is refused, and a second kill so too."""
    kill_running("kill_mapped", "manual__1", user="ada", session=session)
    for arguments in ({}, {"task_id": "mapped"}, {"task_id": "mapped", "map_index": 0}, {"task_id": "absent"}):
        with pytest.raises(NothingRunning) as refused:
            kill_running("kill_mapped", "manual__1", **arguments, user="ada", session=session)
        assert refused.value.task_id == arguments.get("task_id")


def test_what_is_not_there_cannot_be_killed(mapped, session):
    """An unknown DAG or run is named."""
    with pytest.raises(DagNotFound):
        kill_running("nowhere", "manual__1", user="ada", session=session)
    with pytest.raises(DagRunNotFound):
        kill_running("kill_mapped", "manual__9", user="ada", session=session)
