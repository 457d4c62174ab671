"""Restarting from chosen tasks: every combination clears what Airflow's own clearing does for the same choice."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select, update

from openmetadata_airflow_apis.conflict_errors import NothingFailed, NothingToRestart, TaskIsStopping
from openmetadata_airflow_apis.errors import InvalidArgument, TaskNotFound
from openmetadata_airflow_apis.runs import RestartChoice, dag_state, processes_after_stop, restart_failed
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

GROUPS = ("group", "mapped_group")
# Of each sort of task one that has failed, so that each choice has something to begin with, and ones that have not.
MIXED = {
    "top": "success",
    "left": "failed",
    "right": "success",
    "bottom": "upstream_failed",
    "last": "skipped",
    ("mapped", 0): "success",
    ("mapped", 1): "failed",
    ("mapped", 2): "up_for_retry",
    "after_mapped": "upstream_failed",
    "group.first": "failed",
    "group.second": "upstream_failed",
    ("mapped_group.first", 0): "success",
    ("mapped_group.first", 1): "failed",
    ("mapped_group.first", 2): "failed",
    ("mapped_group.second", 0): "success",
    ("mapped_group.second", 1): "upstream_failed",
    ("mapped_group.second", 2): "removed",
    "after_group": "running",
    "setup": "success",
    "work": "failed",
    "more_work": "success",
    "teardown": "success",
    "bare_setup": "failed",
    "with_bare_setup": "upstream_failed",
}
CHOICES = [
    None,
    *(("top",), ("left",), ("bottom",), ("left", "right"), ("last", "work")),
    *(("mapped",), ("mapped", 1), ("mapped", 2), ("after_mapped",)),
    *(("group",), ("group.second",), ("group", "left")),
    *(("mapped_group",), ("mapped_group", 1), ("mapped_group.first", 0), ("mapped_group.second",), ("after_group",)),
    *(("setup",), ("work",), ("more_work",), ("teardown",), ("bare_setup",), ("with_bare_setup",)),
]

WITHOUT_FAILURES = [
    ("top",),
    ("mapped", 2),
    ("mapped_group.first", 0),
    ("setup",),
    ("more_work",),
    ("teardown",),
    ("after_group",),
]


def make_dag():
    """A DAG of each shape that there is: a diamond, mapped tasks, groups, setups and teardowns."""
    from airflow.decorators import task_group
    from airflow.operators.bash import BashOperator

    def task(task_id, **arguments):
        return BashOperator(task_id=task_id, bash_command="true", retries=2, **arguments)

    with new_dag("choices") as dag:
        top, bottom = task("top"), task("bottom")
        top >> [task("left"), task("right")] >> bottom >> task("last", trigger_rule="all_done")
        top >> BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * 3) >> task("after_mapped")

        @task_group
        def group():
            task("first") >> task("second")

        @task_group
        def mapped_group(number):
            task("first") >> task("second")

        top >> group()
        mapped_group.expand(number=[1, 2, 3]) >> task("after_group")
        setup = task("setup")
        setup >> task("work") >> task("more_work") >> task("teardown").as_teardown(setups=setup)
        task("bare_setup").as_setup() >> task("with_bare_setup")
    return dag


def choice_of(chosen: Any, *, include_downstream: bool, only_failed: bool) -> RestartChoice:
    """Return the choice; chosen: None, task_ids and groups, or one of them with a map_index at its end."""
    map_index = chosen[-1] if chosen and isinstance(chosen[-1], int) else None
    task_ids = chosen[:-1] if map_index is not None else chosen
    return RestartChoice(task_ids, map_index, include_downstream=include_downstream, only_failed=only_failed)


def begins_with(choice: RestartChoice, run_states: dict[Any, str | None]) -> list[tuple[str, int]]:
    """Return what a restart begins with, by its definition: the chosen ones, where they are in a state that counts."""
    failed = {"failed"} if choice.task_ids is None and choice.include_downstream else {"failed", "upstream_failed"}
    keys = [(key if isinstance(key, tuple) else (key, -1), state) for key, state in run_states.items()]
    return [
        (task_id, map_index)
        for (task_id, map_index), state in keys
        if choice.task_ids is None or {task_id, task_id.rpartition(".")[0]} & set(choice.task_ids)
        if choice.map_index in {None, map_index}
        if state != "removed" and (not choice.only_failed or state in failed)
    ]


def clear_as_airflow(choice: RestartChoice, start: list[tuple[str, int]], run_id: str, session) -> None:
    """Clear with Airflow's own DAG.partial_subset and DAG.clear, as its page and its API do.

    Those take all indexes of what is downstream inside a mapped task group. A restart takes those alone that depend on
    what it begins with, so that Airflow is told of these.
    """
    from airflow.models.serialized_dag import SerializedDagModel

    dag = SerializedDagModel.get("choices", session=session).dag
    in_start = sorted({task_id for task_id, _ in start})
    subset = dag.partial_subset(in_start, include_downstream=choice.include_downstream, include_upstream=False)
    task_ids: list[Any] = list(start)
    indexes = {map_index for task_id, map_index in start if task_id.startswith("mapped_group.")}
    of_index_only = [task_id for task_id in in_start if task_id.startswith("mapped_group.")]
    for task_id in set(subset.task_dict) - set(in_start):
        if task_id.startswith("mapped_group.") and of_index_only:
            task_ids += [(task_id, index) for index in sorted(indexes)]
        else:
            task_ids.append(task_id)
    # A task of the group that is downstream of another chosen one of it runs again with that one's indexes too.
    if choice.include_downstream and ("mapped_group.first" in in_start):
        first = [index for task_id, index in start if task_id == "mapped_group.first"]
        task_ids += [("mapped_group.second", index) for index in first]
    moment = run_row("choices", session, run_id).execution_date
    removed = [(each.task_id, each.map_index) for each in _removed("choices", run_id, session)]
    subset.clear(
        task_ids=task_ids,
        start_date=moment,
        end_date=moment,
        include_subdags=False,
        include_parentdag=False,
        exclude_task_ids=frozenset(removed),
        session=session,
    )
    session.commit()
    session.expunge_all()


def _removed(dag_id: str, run_id: str, session):
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    these = (table.c.dag_id == dag_id) & (table.c.run_id == run_id) & (table.c.state == "removed")
    return session.execute(select(table.c.task_id, table.c.map_index).where(these)).all()


def everything_of(run_id: str, session) -> dict[str, Any]:
    """Return all that a restart writes of a run: every column of its task instances, and the run's own."""
    today = datetime.now(START.tzinfo) - timedelta(hours=1)
    # Airflow's page counts the weight of what is downstream in the part of the DAG that it clears, not in the DAG.
    unlike = {"run_id", "updated_at", "duration", "id", "priority_weight"}

    def plain(row):
        return {
            name: "now" if isinstance(value, datetime) and value > today else value
            for name, value in row.items()
            if name not in unlike
        }

    instances = task_instance_rows("choices", session, run_id).items()
    run = dict(run_row("choices", session, run_id)._mapping)
    names = ("state", "start_date", "end_date", "clear_number", "last_scheduling_decision")
    of_run = plain({name: run[name] for name in names if name in run})
    return {**of_run, **{(*key, name): value for key, row in instances for name, value in plain(row).items()}}


@pytest.mark.parametrize("run_states", [MIXED, dict.fromkeys(MIXED, "success")], ids=["failed", "succeeded"])
@pytest.mark.parametrize(("include_downstream", "only_failed"), list(product([True, False], repeat=2)))
def test_every_choice_clears_what_airflow_clears(session, include_downstream, only_failed, run_states):
    """Which are cleared, their states, tries and dates, and the run's state are as Airflow's own clear leaves them."""
    store(make_dag(), session)
    dag = make_dag()
    walked = 0
    for number, chosen in enumerate(CHOICES):
        choice = choice_of(chosen, include_downstream=include_downstream, only_failed=only_failed)
        start = begins_with(choice, run_states)
        ours, theirs = f"manual__ours_{number}", f"manual__theirs_{number}"
        new_run(dag, session, run_states, run_id=ours, run_state="failed", tries=2)
        if not start:
            with pytest.raises(NothingFailed):
                restart_failed("choices", ours, choice=choice, user="ada", session=session)
            continue
        new_run(dag, session, run_states, run_id=theirs, run_state="failed", tries=2)
        _same_moment(ours, theirs, session)
        planned = restart_failed("choices", ours, choice=choice, dry_run=True, user="ada", session=session)
        restarted = restart_failed("choices", ours, choice=choice, user="ada", session=session)
        clear_as_airflow(choice, start, theirs, session)
        after_ours, after_theirs = everything_of(ours, session), everything_of(theirs, session)
        assert after_ours.keys() == after_theirs.keys()
        differences = {key: (after_ours[key], after_theirs[key]) for key in after_ours}
        assert {key: pair for key, pair in differences.items() if pair[0] != pair[1]} == {}, chosen
        assert planned.task_instances == restarted.task_instances
        assert set(start) <= {(each.task_id, each.map_index) for each in restarted.task_instances}
        walked += 1
    with_failures = [chosen for chosen in CHOICES if chosen not in WITHOUT_FAILURES]
    failed = run_states is MIXED
    assert walked == (len(with_failures) if only_failed and failed else 0 if only_failed else len(CHOICES))


def _same_moment(ours: str, theirs: str, session) -> None:
    """Give the task instances of one run the dates of the other's, which follow from the logical date."""
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    dates = {"start_date": START, "end_date": START + timedelta(seconds=30)}
    session.execute(update(table).where(table.c.run_id.in_([ours, theirs])).values(**dates))
    session.commit()


def test_without_setups_and_downstream_only_failed_is_airflows(session):
    """Of tasks that need no setup, only_failed without downstream takes what Airflow's own only_failed takes."""
    from airflow.models.serialized_dag import SerializedDagModel

    dag = make_dag()
    store(dag, session)
    new_run(dag, session, MIXED, run_state="failed")
    tasks = ("left", "bottom", "last", "mapped", "after_mapped", "group.first", "group.second", "after_group")
    choice = RestartChoice(tasks, include_downstream=False)
    planned = restart_failed("choices", "manual__1", choice=choice, dry_run=True, user="ada", session=session)
    serialized = SerializedDagModel.get("choices", session=session).dag
    cleared = serialized.partial_subset(tasks, include_downstream=False, include_upstream=False).clear(
        task_ids=tasks, only_failed=True, dry_run=True, include_subdags=False, include_parentdag=False, session=session
    )
    ours = {(each.task_id, each.map_index) for each in planned.task_instances}
    assert ours == {(each.task_id, each.map_index) for each in cleared}
    assert len(ours) == 6


@pytest.fixture
def succeeded(session):
    """A run of `choices` in which all has succeeded."""
    dag = make_dag()
    store(dag, session)
    new_run(dag, session, dict.fromkeys(MIXED, "success"), run_state="success")
    return dag


def _restart(session, *task_ids, **choice):
    chosen = RestartChoice(tuple(task_ids) or None, **choice)
    return restart_failed("choices", "manual__1", choice=chosen, user="ada", session=session)


def test_a_run_that_succeeded_is_restarted_from_a_task(succeeded, session):
    """only_failed false begins with a task that succeeded, takes along what is downstream, and queues the run."""
    restarted = _restart(session, "bottom", only_failed=False)
    assert [each.task_id for each in restarted.task_instances] == ["bottom", "last"]
    assert (restarted.failed_task_count, restarted.state) == (0, "queued")
    assert run_row("choices", session).state == "queued"
    note = dag_state("choices", "manual__1", session=session).note
    assert note.split("Z ", 1)[1] == "ada: restarted bottom: 0 failed task instances, 2 cleared in all"


def test_a_run_is_restarted_as_a_whole(succeeded, session):
    """only_failed false without task_ids restarts all."""
    restarted = _restart(session, only_failed=False)
    assert restarted.clear_task_count == len(MIXED)
    assert set(states("choices", session).values()) == {None}


def test_what_was_chosen_is_in_the_audit_log(succeeded, session):
    """The row tells the choice, but for what is the default."""
    from airflow.models.log import Log

    _restart(session, "mapped", map_index=1, include_downstream=False, only_failed=False)
    row = session.scalars(select(Log).where(Log.dag_id == "choices").order_by(Log.id.desc())).first()
    assert logged_details(row) == {
        "run_id": "manual__1",
        "failed": 0,
        "cleared": 1,
        "task_ids": ["mapped"],
        "map_index": 1,
        "include_downstream": False,
        "only_failed": False,
    }


def test_what_is_not_there_is_named(succeeded, session):
    """A task, a group or an index that does not exist is named, and nothing is restarted."""
    with pytest.raises(TaskNotFound, match="The task with task_id: `botom` was not found in the DAG `choices`"):
        _restart(session, "bottom", "botom", only_failed=False)
    with pytest.raises(TaskNotFound, match="`mapped` at map_index 3 was not found in the DagRun `manual__1`"):
        _restart(session, "mapped", map_index=3, only_failed=False)
    with pytest.raises(InvalidArgument, match="The argument 'map_index' says which instance of a task"):
        _restart(session, map_index=3)
    assert set(states("choices", session).values()) == {"success"}


def test_what_has_not_failed_says_so(succeeded, session):
    """Chosen tasks none of which has failed are refused, with the argument that restarts them all the same."""
    sentence = "no failed task instances of `left`, `group`; `only_failed: false` restarts them whatever their state"
    with pytest.raises(NothingFailed, match=sentence):
        _restart(session, "left", "group")


def test_what_has_not_begun_is_not_restarted(succeeded, session):
    """Chosen tasks none of which has begun have nothing to restart; neither has a run."""
    put_states("choices", {"bottom": None, "last": None}, session)
    with pytest.raises(
        NothingToRestart, match="In the DagRun `manual__1` of the DAG `choices` none of `bottom`, `last`"
    ):
        _restart(session, "bottom", "last", only_failed=False)
    put_states("choices", dict.fromkeys((key for key in MIXED if not isinstance(key, tuple)), None), session)
    mapped = {key: None for key in MIXED if isinstance(key, tuple)}
    put_states("choices", mapped, session)
    with pytest.raises(NothingToRestart, match="nothing has begun yet"):
        _restart(session, only_failed=False)


def test_a_chosen_task_whose_process_is_there_is_waited_for(succeeded, session, monkeypatch):
    """A chosen task that was killed just before is not cleared before its process has ended."""
    from airflow.jobs.job import Job

    monkeypatch.setattr(processes_after_stop, "STOPPING_PATIENCE_SECONDS", 0)
    job = Job(state="running", job_type="LocalTaskJob")
    session.add(job)
    session.commit()
    put_states("choices", {"last": "failed"}, session, job_id=job.id, hostname="worker-1", pid=4711)
    with pytest.raises(TaskIsStopping, match="`last`"):
        _restart(session, "last")
    _restart(session, "group", only_failed=False)
    session.execute(update(Job.__table__).where(Job.__table__.c.id == job.id).values(state="success"))
    session.commit()
