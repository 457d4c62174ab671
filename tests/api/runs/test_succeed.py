"""Marking a task as successful, and what follows from it."""

from __future__ import annotations

import random
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from openmetadata_airflow_apis.conflict_errors import TaskNotStoppable
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound, TaskNotFound
from openmetadata_airflow_apis.runs import dag_state, succeed_task_instance
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
from support.versions import CLEARS_COUNTED, clears, logged_run_id

LOGICAL_DATE = START + timedelta(days=1)
# What becomes of a task of each trigger rule, which had not run because of a failure, when that becomes a success.
ALONE = {
    "all_success": None,
    "all_failed": "skipped",
    "all_done": None,
    "all_done_setup_success": None,
    "all_skipped": "skipped",
    "always": None,
    "none_failed": None,
    "none_failed_min_one_success": None,
    "none_skipped": None,
    "one_done": None,
    "one_failed": "skipped",
    "one_success": None,
}
# And when another one upstream has failed and stays so.
WITH_A_FAILURE = {
    **ALONE,
    "all_success": "upstream_failed",
    "none_failed": "upstream_failed",
    "none_failed_min_one_success": "upstream_failed",
    "one_failed": None,
}


def _succeed(dag_id, task_id, session, **arguments):
    return succeed_task_instance(dag_id, "manual__1", task_id, user="ada", session=session, **arguments)


@pytest.mark.parametrize(("other", "expected"), [(None, ALONE), ("failed", WITH_A_FAILURE)])
def test_each_trigger_rule_decides(session, other, expected):
    """A task downstream waits again, is skipped, or stays given up, as its trigger rule says."""
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.trigger_rule import TriggerRule

    old_names = {"dummy", "none_failed_or_skipped"}
    assert {str(rule.value) for rule in TriggerRule} - old_names == set(expected)
    with new_dag("succeed_rules") as dag:
        upstream = [EmptyOperator(task_id="done"), *([EmptyOperator(task_id="other")] if other else [])]
        for rule in expected:
            upstream >> EmptyOperator(task_id=rule, trigger_rule=rule)
    store(dag, session)
    before = {"done": "failed", **({"other": other} if other else {})}
    new_run(dag, session, {**before, **dict.fromkeys(expected, "upstream_failed")}, run_state="failed")
    _succeed("succeed_rules", "done", session)
    assert states("succeed_rules", session) == {**before, "done": "success", **expected}


@pytest.fixture
def chain(session):
    """A failed run: first has failed, second and third did not run because of it, last has run all the same."""
    from airflow.operators.bash import BashOperator

    with new_dag("succeed") as dag:
        first, second, third = (
            BashOperator(task_id=name, bash_command="true") for name in ("first", "second", "third")
        )
        first >> second >> third >> BashOperator(task_id="last", bash_command="true", trigger_rule="all_done")
    store(dag, session)
    given_up = dict.fromkeys(["second", "third"], "upstream_failed")
    new_run(dag, session, {"first": "failed", **given_up, "last": "success"}, run_state="failed")
    return dag


def test_what_was_given_up_waits_again_and_the_run_goes_on(chain, session):
    """The failed task is success, what had not run because of it waits again, and the failed run is queued."""
    none = {"map_index": -1, "job_id": None, "hostname": None, "pid": None}
    assert asdict(_succeed("succeed", "first", session)) == {
        "dag_id": "succeed",
        "run_id": "manual__1",
        "logical_date": LOGICAL_DATE,
        "state": "queued",
        "dry_run": False,
        "task_instances": (
            {"task_id": "first", "state_before": "failed", "state_after": "success", **none},
            {"task_id": "second", "state_before": "upstream_failed", "state_after": None, **none},
            {"task_id": "third", "state_before": "upstream_failed", "state_after": None, **none},
        ),
    }
    assert states("succeed", session) == {"first": "success", "second": None, "third": None, "last": "success"}
    row = run_row("succeed", session)
    assert (row.state, row.start_date, row.end_date, clears(row)) == ("queued", None, None, CLEARS_COUNTED and 1)


def test_a_running_task_is_stopped(chain, session):
    """A running one is success at once, with an end, and has no try left; its process is told in the answer."""
    process = {"job_id": 7, "hostname": "worker-1", "pid": 4711}
    put_states("succeed", {"first": "running", "second": None, "third": None, "last": None}, session, **process)
    put_states("succeed", {"second": None, "third": None, "last": None}, session, job_id=None, pid=None)
    (first,) = _succeed("succeed", "first", session).task_instances
    assert {name: asdict(first)[name] for name in process} == process
    row = task_instance_rows("succeed", session)["first", -1]
    assert (row["state"], row["end_date"] is None, row["max_tries"]) == ("success", False, 0)
    assert states("succeed", session) == {"first": "success", "second": None, "third": None, "last": None}


def test_what_has_failed_by_itself_downstream_stays(chain, session):
    """A task downstream that has run and failed is not run again: a restart does that, where it is wanted."""
    put_states("succeed", {"last": "failed"}, session)
    _succeed("succeed", "first", session)
    assert states("succeed", session)["last"] == "failed"


@pytest.mark.parametrize("state", ["skipped", "upstream_failed", "queued", "deferred", "up_for_retry", None])
def test_any_state_may_become_success(chain, session, state):
    """Also what was skipped, was given up, waits, or has not begun."""
    put_states("succeed", {"first": state}, session)
    assert _succeed("succeed", "first", session).task_instances[0].state_before == state
    assert states("succeed", session)["first"] == "success"


def test_succeeding_twice_changes_nothing_more(chain, session):
    """A success of what has succeeded answers that nothing was touched, and leaves no second line in the note."""
    _succeed("succeed", "first", session)
    before = (task_instance_rows("succeed", session), run_row("succeed", session))
    assert _succeed("succeed", "first", session).task_instances == ()
    assert (task_instance_rows("succeed", session), run_row("succeed", session)) == before
    note = dag_state("succeed", "manual__1", session=session).note
    assert note.split("Z ", 1)[1] == "ada: marked task first as successful (1 task instance)"


def test_a_dry_run_changes_nothing(chain, session):
    """It answers what the success then does."""
    before = (task_instance_rows("succeed", session), run_row("succeed", session))
    planned = _succeed("succeed", "first", session, dry_run=True)
    assert (task_instance_rows("succeed", session), run_row("succeed", session)) == before
    done = _succeed("succeed", "first", session)
    assert (planned.dry_run, planned.task_instances, planned.state) == (True, done.task_instances, done.state)


def test_a_success_is_audited(chain, session):
    """It leaves a row in the audit log that names the task, with the numbers."""
    from airflow.models.log import Log

    _succeed("succeed", "first", session)
    row = session.scalars(select(Log).where(Log.dag_id == "succeed").order_by(Log.id.desc())).first()
    assert (row.event, row.owner, logged_run_id(row), row.task_id, logged_details(row)) == (
        "succeed_task_instance",
        "ada",
        "manual__1",
        "first",
        {"run_id": "manual__1", "succeeded": 1, "skipped": 0, "waiting_again": 2},
    )


def test_one_index_lets_its_own_index_go_on(session):
    """Of a mapped task only the chosen index, and inside a mapped task group the same index of what follows."""
    from airflow.decorators import task_group
    from airflow.operators.bash import BashOperator

    with new_dag("succeed_mapped") as dag:

        @task_group
        def group(number):
            BashOperator(task_id="first", bash_command="true") >> BashOperator(task_id="second", bash_command="true")

        group.expand(number=[1, 2]) >> BashOperator(task_id="after", bash_command="true")
    store(dag, session)
    given_up = {"group.second": "upstream_failed", "after": "upstream_failed"}
    new_run(dag, session, {"group.first": "failed", **given_up}, run_state="failed")
    _succeed("succeed_mapped", "group.first", session, map_index=1)
    after_one = states("succeed_mapped", session)
    assert (after_one["group.first", 0], after_one["group.first", 1]) == ("failed", "success")
    assert (after_one["group.second", 0], after_one["after"]) == ("upstream_failed", "upstream_failed")
    _succeed("succeed_mapped", "group.first", session)
    assert states("succeed_mapped", session) == {
        "after": None,
        ("group.first", 0): "success",
        ("group.first", 1): "success",
        ("group.second", 0): None,
        ("group.second", 1): None,
    }


@pytest.mark.parametrize("seed", range(12))
def test_what_follows_is_what_follows_in_airflow(session, seed):
    """Over random DAGs the scheduler comes to the same states as after Airflow's own "mark success" of the same."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.state import TaskInstanceState

    chance = random.Random(seed)  # noqa: S311 - not a secret
    dag = random_dag(chance)
    store(dag, session)
    new_run(dag, session)
    drawn = {key: chance.choice(["success", "running", None, None]) for key in states("random", session)}
    with_downstream = [key for key in drawn if dag.get_task(_task_id(key)).downstream_task_ids]
    target = chance.choice(sorted(with_downstream, key=str))
    put_states("random", {**drawn, target: "failed"}, session)
    settled = as_airflow_decides("random", session)
    assert settled[target] == "failed"
    task_id, map_index = target if isinstance(target, tuple) else (target, -1)

    succeed_task_instance("random", "manual__1", task_id, map_index=map_index, user="ada", session=session)
    after_ours = as_airflow_decides("random", session)
    put_states("random", settled, session)
    serialized = SerializedDagModel.get("random", session=session).dag
    serialized.set_task_instance_state(
        task_id=task_id,
        map_indexes=[map_index] if map_index >= 0 else None,
        run_id="manual__1",
        state=TaskInstanceState.SUCCESS,
        session=session,
    )
    session.commit()
    session.expunge_all()
    assert after_ours == as_airflow_decides("random", session)


def _task_id(key):
    return key[0] if isinstance(key, tuple) else key


def test_what_was_removed_cannot_succeed(chain, session):
    """An index that is no more is refused."""
    put_states("succeed", {"first": "removed"}, session)
    with pytest.raises(TaskNotStoppable, match="The task `first` was removed from the DagRun `manual__1`"):
        _succeed("succeed", "first", session)


def test_what_is_not_there_cannot_succeed(chain, session):
    """An unknown DAG, run, task or index is named."""
    with pytest.raises(TaskNotFound):
        _succeed("succeed", "absent", session)
    with pytest.raises(TaskNotFound):
        _succeed("succeed", "first", session, map_index=3)
    with pytest.raises(DagRunNotFound):
        succeed_task_instance("succeed", "manual__9", "first", user="ada", session=session)
    with pytest.raises(DagNotFound):
        succeed_task_instance("nowhere", "manual__1", "first", user="ada", session=session)
