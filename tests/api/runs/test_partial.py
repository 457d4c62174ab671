"""Running some tasks of a DAG."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update

from openmetadata_airflow_apis.conflict_errors import DagHasImportErrors, DagRunExists
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound, InvalidArgument, TaskNotFound
from openmetadata_airflow_apis.runs import dag_state, run_partial
from support.dag_runs import START, logged_details, new_dag, run_row, states, store, task_instance_rows
from support.versions import logged_run_id


def _run(dag_id, task_ids, session, run_id="manual__1", **arguments):
    return run_partial(dag_id, task_ids, run_id=run_id, user="ada", session=session, **arguments)


@pytest.fixture
def chain(session):
    from airflow.models.param import Param
    from airflow.operators.bash import BashOperator

    with new_dag("partial", params={"rows": Param(10, type="integer")}) as dag:
        first, second, third, fourth, aside = (
            BashOperator(task_id=name, bash_command="true") for name in ("first", "second", "third", "fourth", "aside")
        )
        first >> second >> third >> fourth
        second >> aside
    store(dag, session)
    return dag


def test_only_the_chosen_tasks_run(chain, session):
    """What a chosen task depends on is marked success, the chosen one waits to run, every other is skipped."""
    answer = asdict(_run("partial", ["third"], session, conf={"rows": 3}))
    logical_date = answer.pop("logical_date")
    assert abs(logical_date - datetime.now(timezone.utc)) < timedelta(minutes=1)
    none = {"map_index": -1, "state_before": None, "job_id": None, "hostname": None, "pid": None}
    assert answer == {
        "dag_id": "partial",
        "run_id": "manual__1",
        "state": "queued",
        "dry_run": False,
        "is_paused": False,
        "task_instances": (
            {"task_id": "aside", "state_after": "skipped", **none},
            {"task_id": "first", "state_after": "success", **none},
            {"task_id": "fourth", "state_after": "skipped", **none},
            {"task_id": "second", "state_after": "success", **none},
            {"task_id": "third", "state_after": None, **none},
        ),
    }
    assert states("partial", session) == {
        "aside": "skipped",
        "first": "success",
        "fourth": "skipped",
        "second": "success",
        "third": None,
    }
    assert dag_state("partial", "manual__1", session=session).conf == {"rows": 3}
    marked = task_instance_rows("partial", session)["first", -1]
    assert (marked["try_number"], marked["duration"], marked["end_date"] is not None) == (0, 0, True)


def test_a_partial_run_leaves_its_traces(chain, session):
    """A partial run says in its note and in the audit log which tasks were chosen, and by whom."""
    from airflow.models.log import Log

    _run("partial", ["third", "first"], session)
    assert dag_state("partial", "manual__1", session=session).note.split("Z ", 1)[1] == "ada: ran only first, third"
    row = session.scalars(select(Log).where(Log.dag_id == "partial").order_by(Log.id.desc())).first()
    assert (row.event, row.owner, logged_run_id(row), logged_details(row)) == (
        "run_task_instance",
        "ada",
        "manual__1",
        {"run_id": "manual__1", "task_ids": ["first", "third"]},
    )


def test_a_dry_run_creates_nothing(chain, session):
    """A dry run answers the states that would be, and there is no run afterwards."""
    planned = _run("partial", ["third"], session, dry_run=True)
    with pytest.raises(DagRunNotFound):
        dag_state("partial", "manual__1", session=session)
    done = _run("partial", ["third"], session)
    assert (planned.dry_run, planned.task_instances) == (True, done.task_instances)


def test_groups_and_mapped_tasks_are_chosen_whole(session):
    """A task group's id stands for all tasks inside, and a mapped task runs with all its indexes."""
    from airflow.operators.bash import BashOperator
    from airflow.utils.task_group import TaskGroup

    with new_dag("partial_group") as dag:
        before = BashOperator.partial(task_id="before").expand(bash_command=["true"] * 2)
        with TaskGroup("group") as group:
            BashOperator(task_id="one", bash_command="true") >> BashOperator.partial(task_id="two").expand(
                bash_command=["true"] * 2
            )
        before >> group >> BashOperator(task_id="after", bash_command="true")
    store(dag, session)
    _run("partial_group", ["group"], session)
    assert states("partial_group", session) == {
        ("before", 0): "success",
        ("before", 1): "success",
        "group.one": None,
        ("group.two", 0): None,
        ("group.two", 1): None,
        "after": "skipped",
    }


@pytest.mark.parametrize(
    ("rule", "marked"),
    [
        ("all_success", "success"),
        ("all_done", "success"),
        ("all_done_setup_success", "success"),
        ("all_skipped", "skipped"),
        ("always", "success"),
        ("none_failed", "success"),
        ("none_failed_min_one_success", "success"),
        ("none_skipped", "success"),
        ("one_done", "success"),
        ("one_success", "success"),
    ],
)
def test_a_chosen_task_can_start_by_its_trigger_rule(session, rule, marked):
    """What a chosen task depends on is marked such that its trigger rule lets it start."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.operators.bash import BashOperator

    with new_dag("partial_rule") as dag:
        [BashOperator(task_id=f"up_{number}", bash_command="true") for number in (1, 2)] >> BashOperator(
            task_id="chosen", bash_command="true", trigger_rule=rule
        )
    store(dag, session)
    _run("partial_rule", ["chosen"], session)
    assert states("partial_rule", session) == {"up_1": marked, "up_2": marked, "chosen": None}
    run = session.query(DagRun).filter_by(dag_id="partial_rule").one()
    run.dag = SerializedDagModel.get("partial_rule", session=session).dag
    schedulable = run.task_instance_scheduling_decisions(session).schedulable_tis
    assert [task_instance.task_id for task_instance in schedulable] == ["chosen"]


@pytest.mark.parametrize("rule", ["one_failed", "all_failed"])
def test_a_task_that_waits_for_a_failure_needs_what_may_fail(session, rule):
    """A task that only a failure starts is refused alone, and taken together with what may fail."""
    from airflow.operators.bash import BashOperator

    with new_dag("partial_failure") as dag:
        BashOperator(task_id="work", bash_command="true") >> BashOperator(
            task_id="handler", bash_command="true", trigger_rule=rule
        )
    store(dag, session)
    with pytest.raises(InvalidArgument) as refused:
        _run("partial_failure", ["handler"], session)
    assert str(refused.value) == (
        f"The argument 'task_ids' names `handler`, which could not start: with its trigger rule {rule} "
        "it ends as skipped where `work` is success, without being run"
    )
    with pytest.raises(DagRunNotFound):
        dag_state("partial_failure", "manual__1", session=session)
    _run("partial_failure", ["handler", "work"], session)
    assert states("partial_failure", session) == {"handler": None, "work": None}


def test_two_rules_that_cannot_both_be_served_are_refused(session):
    """Chosen tasks that want opposite things of one task upstream are refused."""
    from airflow.operators.bash import BashOperator

    with new_dag("partial_opposite") as dag:
        upstream = BashOperator(task_id="upstream", bash_command="true")
        upstream >> BashOperator(task_id="wants_skipped", bash_command="true", trigger_rule="all_skipped")
        upstream >> BashOperator(task_id="wants_success", bash_command="true")
    store(dag, session)
    with pytest.raises(InvalidArgument, match="names `wants_success`, which could not start"):
        _run("partial_opposite", ["wants_skipped", "wants_success"], session)


def test_a_task_that_maps_over_another_needs_it(session):
    """A task that is expanded over another's output is refused without that other."""
    from airflow.operators.bash import BashOperator

    with new_dag("partial_expand") as dag:
        source = BashOperator(task_id="source", bash_command="true")
        BashOperator.partial(task_id="over").expand(bash_command=source.output)
    store(dag, session)
    with pytest.raises(InvalidArgument, match="it is mapped over the output of `source`, which would not run"):
        _run("partial_expand", ["over"], session)
    _run("partial_expand", ["over", "source"], session)
    assert states("partial_expand", session) == {"over": None, "source": None}


def test_a_task_past_its_end_date_is_refused(session):
    """A task that Airflow would not put into a run of today is refused with its dates."""
    from airflow.operators.bash import BashOperator

    with new_dag("partial_ended") as dag:
        BashOperator(task_id="old", bash_command="true", end_date=START + timedelta(days=2))
    store(dag, session)
    with pytest.raises(InvalidArgument, match=r"names `old`, which does not run on .*: its start_date is 2026-01-01"):
        _run("partial_ended", ["old"], session)


@pytest.mark.parametrize(
    ("task_ids", "arguments", "error"),
    [
        ([], {}, InvalidArgument),
        (["absent"], {}, TaskNotFound),
        ([""], {}, TaskNotFound),
        (["first"], {"run_id": "a b"}, InvalidArgument),
        (["first"], {"conf": {"rows": "many"}}, InvalidArgument),
    ],
)
def test_what_cannot_be_used_is_refused(chain, session, task_ids, arguments, error):
    """No task, an unknown one, a run_id or a conf that Airflow would not take: refused, and no run is there."""
    with pytest.raises(error):
        _run("partial", task_ids, session, **arguments)
    with pytest.raises(DagRunNotFound):
        dag_state("partial", "manual__1", session=session)


def test_the_run_must_be_new_and_the_dag_there(chain, session):
    """A run_id that is taken, an unknown DAG and one with import errors are refused."""
    from airflow.models.dag import DagModel

    _run("partial", ["first"], session)
    before = run_row("partial", session)
    with pytest.raises(DagRunExists, match="run_id: `manual__1`"):
        _run("partial", ["second"], session)
    assert run_row("partial", session) == before
    with pytest.raises(DagNotFound):
        _run("nowhere", ["first"], session)
    session.execute(update(DagModel).where(DagModel.dag_id == "partial").values(has_import_errors=True))
    session.commit()
    with pytest.raises(DagHasImportErrors):
        _run("partial", ["first"], session, run_id="manual__2")
