"""Skipping a task, and what Airflow would skip with it."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from openmetadata_airflow_apis.conflict_errors import TaskNotStoppable
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound, TaskNotFound
from openmetadata_airflow_apis.runs import dag_state, skip_task_instance
from support.dag_runs import (
    START,
    logged_details,
    new_dag,
    new_run,
    put_states,
    run_row,
    states,
    store,
    task_instance_rows,
)
from support.random_dags import as_airflow_decides, random_dag
from support.versions import ALL_INDEXES_COUNT, CLEARS_COUNTED, clears, logged_run_id

LOGICAL_DATE = START + timedelta(days=1)
# What becomes of a task of each trigger rule when the one task upstream is skipped, in Airflow.
ALONE = {
    "all_success": "skipped",
    "all_failed": "skipped",
    "all_done": None,
    "all_done_setup_success": None,
    "all_skipped": None,
    "always": None,
    "none_failed": None,
    "none_failed_min_one_success": "skipped",
    "none_skipped": "skipped",
    "one_done": "skipped",
    "one_failed": "skipped",
    "one_success": "skipped",
}
# And when another one upstream has succeeded.
WITH_A_SUCCESS = {
    **ALONE,
    "none_failed_min_one_success": None,
    "all_skipped": "skipped",
    "one_success": None,
    "one_done": None,
}
# And when another one upstream is still running: what can be known only later is left to the scheduler.
WITH_A_RUNNING_ONE = {
    **ALONE,
    "none_failed_min_one_success": None,
    "one_success": None,
    "one_failed": None,
    "one_done": None,
}


def _skip(dag_id, task_id, session, **arguments):
    return skip_task_instance(dag_id, "manual__1", task_id, user="ada", session=session, **arguments)


@pytest.mark.parametrize(
    ("other", "expected"), [(None, ALONE), ("success", WITH_A_SUCCESS), ("running", WITH_A_RUNNING_ONE)]
)
def test_each_trigger_rule_decides(session, other, expected):
    """A task downstream is skipped, or left to run, as its trigger rule says."""
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.trigger_rule import TriggerRule

    old_names = {"dummy", "none_failed_or_skipped"}
    assert {str(rule.value) for rule in TriggerRule} - old_names == set(expected)
    with new_dag("skip_rules") as dag:
        upstream = [EmptyOperator(task_id="skipped"), *([EmptyOperator(task_id="other")] if other else [])]
        for rule in expected:
            upstream >> EmptyOperator(task_id=rule, trigger_rule=rule)
    store(dag, session)
    new_run(dag, session, {"skipped": "running", **({"other": other} if other else {})})
    _skip("skip_rules", "skipped", session)
    assert states("skip_rules", session) == {"skipped": "skipped", **({"other": other} if other else {}), **expected}


@pytest.fixture
def chain(session):
    from airflow.operators.bash import BashOperator

    with new_dag("skip") as dag:
        first, second, third = (
            BashOperator(task_id=name, bash_command="true") for name in ("first", "second", "third")
        )
        first >> second >> third >> BashOperator(task_id="last", bash_command="true", trigger_rule="all_done")
    store(dag, session)
    new_run(dag, session, {"first": "running"}, job_id=7, hostname="worker-1", pid=4711)


def test_a_running_task_is_stopped_and_what_follows_is_skipped(chain, session):
    """A skip puts a running task and its downstream into skipped, up to the task that runs all the same."""
    none = {"map_index": -1, "state_after": "skipped", "job_id": None, "hostname": None, "pid": None}
    assert asdict(_skip("skip", "first", session)) == {
        "dag_id": "skip",
        "run_id": "manual__1",
        "logical_date": LOGICAL_DATE,
        "state": "running",
        "dry_run": False,
        "task_instances": (
            {"task_id": "first", "state_before": "running", **none, "job_id": 7, "hostname": "worker-1", "pid": 4711},
            {"task_id": "second", "state_before": None, **none},
            {"task_id": "third", "state_before": None, **none},
        ),
    }
    assert states("skip", session) == {"first": "skipped", "second": "skipped", "third": "skipped", "last": None}
    first = task_instance_rows("skip", session)["first", -1]
    assert (first["end_date"] > LOGICAL_DATE, first["max_tries"]) == (True, 0)


def test_skipping_twice_changes_nothing_more(chain, session):
    """A skip of what is skipped answers that nothing was touched, and leaves no second line in the note."""
    _skip("skip", "first", session)
    before = (task_instance_rows("skip", session), run_row("skip", session))
    assert _skip("skip", "first", session).task_instances == ()
    assert (task_instance_rows("skip", session), run_row("skip", session)) == before
    note = dag_state("skip", "manual__1", session=session).note
    assert note.split("Z ", 1)[1] == "ada: skipped task first (3 task instances, downstream included)"


def test_a_skip_is_audited(chain, session):
    """A skip leaves a row in the audit log that names the task."""
    from airflow.models.log import Log

    _skip("skip", "second", session)
    row = session.scalars(select(Log).where(Log.dag_id == "skip").order_by(Log.id.desc())).first()
    assert (row.event, row.owner, logged_run_id(row), row.task_id, logged_details(row)) == (
        "skip_task_instance",
        "ada",
        "manual__1",
        "second",
        {"run_id": "manual__1", "skipped": 2, "waiting_again": 0},
    )


def test_a_failed_task_is_skipped_and_the_run_goes_on(session):
    """Skipping what failed lets what had been given up wait again, and queues the failed run."""
    from airflow.operators.bash import BashOperator

    with new_dag("skip_failed") as dag:
        broken = BashOperator(task_id="broken", bash_command="false")
        broken >> BashOperator(task_id="strict", bash_command="true")
        (
            broken
            >> BashOperator(task_id="lenient", bash_command="true", trigger_rule="none_failed")
            >> BashOperator(task_id="after", bash_command="true")
        )
        broken >> BashOperator(task_id="handler", bash_command="true", trigger_rule="one_failed")
    store(dag, session)
    new_run(
        dag,
        session,
        {
            "broken": "failed",
            "handler": "success",
            **dict.fromkeys(["strict", "lenient", "after"], "upstream_failed"),
        },
        run_state="failed",
    )
    skipped = _skip("skip_failed", "broken", session)
    assert skipped.state == "queued"
    assert [(each.task_id, each.state_before, each.state_after) for each in skipped.task_instances] == [
        ("after", "upstream_failed", None),
        ("broken", "failed", "skipped"),
        ("lenient", "upstream_failed", None),
        ("strict", "upstream_failed", "skipped"),
    ]
    assert states("skip_failed", session) == {
        "broken": "skipped",
        "strict": "skipped",
        "lenient": None,
        "after": None,
        "handler": "success",
    }
    row = run_row("skip_failed", session)
    assert (row.state, row.start_date, row.end_date, clears(row)) == ("queued", None, None, CLEARS_COUNTED and 1)


@pytest.fixture
def mapped(session):
    from airflow.decorators import task_group
    from airflow.operators.bash import BashOperator

    with new_dag("skip_mapped") as dag:

        @task_group
        def group(number):
            BashOperator(task_id="first", bash_command="true") >> BashOperator(task_id="second", bash_command="true")

        group.expand(number=[1, 2]) >> BashOperator(task_id="after", bash_command="true", trigger_rule="none_failed")
    store(dag, session)
    new_run(dag, session)


def test_one_index_takes_its_own_index_along(mapped, session):
    """Inside a mapped task group one skipped index skips the same index of what follows."""
    _skip("skip_mapped", "group.first", session, map_index=1)
    assert states("skip_mapped", session) == {
        "after": None,
        ("group.first", 0): None,
        ("group.first", 1): "skipped",
        ("group.second", 0): "skipped" if ALL_INDEXES_COUNT else None,
        ("group.second", 1): "skipped",
    }


def test_a_mapped_task_is_skipped_with_all_its_indexes(mapped, session):
    """Without a map_index all indexes that have not succeeded are skipped."""
    put_states("skip_mapped", {("group.first", 0): "success"}, session)
    _skip("skip_mapped", "group.first", session)
    assert states("skip_mapped", session) == {
        "after": None,
        ("group.first", 0): "success",
        ("group.first", 1): "skipped",
        ("group.second", 0): "skipped" if ALL_INDEXES_COUNT else None,
        ("group.second", 1): "skipped",
    }


def test_a_task_that_maps_over_a_skipped_one_is_skipped(session):
    """A task that is expanded over the output of a skipped task is skipped, whatever its trigger rule."""
    from airflow.operators.bash import BashOperator

    with new_dag("skip_expand") as dag:
        source = BashOperator(task_id="source", bash_command="true")
        BashOperator.partial(task_id="over", trigger_rule="all_done").expand(bash_command=source.output)
    store(dag, session)
    new_run(dag, session)
    _skip("skip_expand", "source", session)
    assert states("skip_expand", session) == {"source": "skipped", "over": "skipped"}


def test_a_setup_takes_its_work_and_teardown_along(session):
    """A skipped setup skips the work that needs it, near and far, and the teardown that cleans up after it."""
    from airflow.operators.bash import BashOperator

    with new_dag("skip_setup") as dag:
        setup, near, far, teardown = (
            BashOperator(task_id=name, bash_command="true", trigger_rule="all_done" if name == "far" else "all_success")
            for name in ("setup", "near", "far", "teardown")
        )
        setup >> near >> far >> teardown.as_teardown(setups=setup)
    store(dag, session)
    new_run(dag, session)
    _skip("skip_setup", "setup", session)
    assert states("skip_setup", session) == dict.fromkeys(["setup", "near", "far", "teardown"], "skipped")


@pytest.mark.parametrize("seed", range(12))
def test_a_skip_decides_what_the_scheduler_would(session, seed):
    """Over random DAGs, the scheduler comes to the same states after a skip as after the one task's state alone."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    dag = random_dag(chance)
    store(dag, session)
    new_run(dag, session)
    drawn = {key: chance.choice(["success", "running", None, None, None]) for key in states("random", session)}
    put_states("random", drawn, session)
    settled = as_airflow_decides("random", session)
    target = chance.choice([key for key, state in settled.items() if state in {None, "running"}])
    task_id, map_index = target if isinstance(target, tuple) else (target, -1)

    skipped = skip_task_instance("random", "manual__1", task_id, map_index=map_index, user="ada", session=session)
    assert {each.state_after for each in skipped.task_instances} == {"skipped"}
    after_ours = as_airflow_decides("random", session)
    put_states("random", {**settled, target: "skipped"}, session)
    assert after_ours == as_airflow_decides("random", session)


def test_what_has_succeeded_cannot_be_skipped(chain, session):
    """A task that has succeeded is refused, and stays."""
    put_states("skip", {"first": "success"}, session)
    with pytest.raises(TaskNotStoppable, match="The task `first` has ended in the DagRun `manual__1`"):
        _skip("skip", "first", session)
    assert states("skip", session)["second"] is None


def test_what_is_not_there_cannot_be_skipped(chain, session):
    """An unknown DAG, run, task or index is named."""
    with pytest.raises(TaskNotFound):
        _skip("skip", "absent", session)
    with pytest.raises(TaskNotFound):
        _skip("skip", "first", session, map_index=3)
    with pytest.raises(DagRunNotFound):
        skip_task_instance("skip", "manual__9", "first", user="ada", session=session)
    with pytest.raises(DagNotFound):
        skip_task_instance("nowhere", "manual__1", "first", user="ada", session=session)
