"""Restarting what failed in a run."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from openmetadata_airflow_apis.conflict_errors import NothingFailed
from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound
from openmetadata_airflow_apis.runs import dag_state, restart_failed
from support.dag_runs import START, logged_details, new_dag, new_run, run_row, states, store, task_instance_rows
from support.versions import CLEARS_COUNTED, clears, logged_run_id

LOGICAL_DATE = START + timedelta(days=1)


def _restart(dag_id, session, **arguments):
    return restart_failed(dag_id, "manual__1", user="ada", session=session, **arguments)


@pytest.fixture
def diamond(session):
    """A finished run of a diamond in which both sides failed."""
    from airflow.operators.bash import BashOperator

    with new_dag("diamond") as dag:
        top, left, right, bottom, after, aside = (
            BashOperator(task_id=name, bash_command="true", retries=1)
            for name in ("top", "left", "right", "bottom", "after", "aside")
        )
        top >> [left, right] >> bottom >> after
        top >> aside
    store(dag, session)
    failed = {
        "top": "success",
        "left": "failed",
        "right": "failed",
        "bottom": "upstream_failed",
        "after": "upstream_failed",
        "aside": "success",
    }
    new_run(dag, session, failed, run_state="failed", tries=2)
    new_run(dag, session, failed, run_id="manual__2", run_state="failed", tries=2)
    return failed


def test_the_failed_ones_and_their_downstream_are_cleared(diamond, session):
    """A restart clears the failed task instances and everything downstream in this run, and queues the run."""
    restarted = _restart("diamond", session)
    assert restarted.clear_task_count == 4
    none = {"map_index": -1, "state_after": None, "job_id": None, "hostname": None, "pid": None}
    assert asdict(restarted) == {
        "dag_id": "diamond",
        "run_id": "manual__1",
        "logical_date": LOGICAL_DATE,
        "state": "queued",
        "failed_task_count": 2,
        "dry_run": False,
        "task_instances": (
            {"task_id": "after", "state_before": "upstream_failed", **none},
            {"task_id": "bottom", "state_before": "upstream_failed", **none},
            {"task_id": "left", "state_before": "failed", **none},
            {"task_id": "right", "state_before": "failed", **none},
        ),
    }
    assert states("diamond", session) == {
        "top": "success",
        "left": None,
        "right": None,
        "bottom": None,
        "after": None,
        "aside": "success",
    }
    row = run_row("diamond", session)
    assert (row.state, row.start_date, row.end_date, row.last_scheduling_decision) == ("queued", None, None, None)
    assert (clears(row), row.queued_at is not None) == (CLEARS_COUNTED and 1, True)
    assert states("diamond", session, "manual__2") == diamond
    assert run_row("diamond", session, "manual__2").state == "failed"


def test_a_dry_run_changes_nothing(diamond, session):
    """A dry run answers what would be cleared, and leaves every row as it was."""
    before = (task_instance_rows("diamond", session), run_row("diamond", session))
    planned = _restart("diamond", session, dry_run=True)
    assert (task_instance_rows("diamond", session), run_row("diamond", session)) == before
    assert dag_state("diamond", "manual__1", session=session).note is None
    done = _restart("diamond", session)
    assert planned.dry_run
    assert (planned.task_instances, planned.failed_task_count, planned.state) == (
        done.task_instances,
        done.failed_task_count,
        done.state,
    )


def test_a_second_restart_has_nothing_to_do(diamond, session):
    """A restart of what is already under way again is refused."""
    _restart("diamond", session)
    with pytest.raises(NothingFailed):
        _restart("diamond", session)


def test_a_restart_leaves_its_traces(diamond, session):
    """A restart leaves a line in the run's note and a row in the audit log."""
    from airflow.models.log import Log

    _restart("diamond", session)
    note = dag_state("diamond", "manual__1", session=session).note
    assert note.split("Z ", 1)[1] == "ada: restarted 2 failed task instances, 4 cleared in all"
    row = session.scalars(select(Log).where(Log.dag_id == "diamond").order_by(Log.id.desc())).first()
    assert (row.event, row.owner, logged_run_id(row), logged_details(row)) == (
        "restart_failed_task",
        "ada",
        "manual__1",
        {"run_id": "manual__1", "failed": 2, "cleared": 4},
    )


@pytest.fixture
def mapped(session):
    """A run with a mapped task, a mapped task group and what comes after them."""
    from airflow.decorators import task_group
    from airflow.operators.bash import BashOperator

    with new_dag("restart_mapped") as dag:

        @task_group
        def group(number):
            BashOperator(task_id="first", bash_command="true") >> BashOperator(task_id="second", bash_command="true")

        BashOperator.partial(task_id="mapped").expand(bash_command=["true"] * 3) >> BashOperator(
            task_id="after_mapped", bash_command="true"
        )
        group.expand(number=[1, 2, 3]) >> BashOperator(task_id="after_group", bash_command="true")
    store(dag, session)
    new_run(dag, session, dict.fromkeys(dag.task_ids, "success"), run_state="failed")
    return dag


def _set(session, dag_id, task_id, map_index, **values):
    from airflow.models.taskinstance import TaskInstance

    table = TaskInstance.__table__
    session.execute(
        update(table)
        .where(table.c.dag_id == dag_id, table.c.task_id == task_id, table.c.map_index == map_index)
        .values(**values)
    )
    session.commit()


def test_the_other_indexes_of_a_mapped_task_stay(mapped, session):
    """Of a mapped task only the failed indexes are cleared, and all that waits for the whole of it."""
    _set(session, "restart_mapped", "mapped", 1, state="failed")
    restarted = _restart("restart_mapped", session)
    assert [(each.task_id, each.map_index) for each in restarted.task_instances] == [
        ("after_mapped", -1),
        ("mapped", 1),
    ]
    assert restarted.failed_task_count == 1


def test_inside_a_mapped_group_the_index_is_kept(mapped, session):
    """Inside a mapped task group only the failed index goes on to the next task; after the group everything does."""
    _set(session, "restart_mapped", "group.first", 2, state="failed")
    _set(session, "restart_mapped", "group.first", 0, state="failed")
    restarted = _restart("restart_mapped", session)
    assert [(each.task_id, each.map_index) for each in restarted.task_instances] == [
        ("after_group", -1),
        ("group.first", 0),
        ("group.first", 2),
        ("group.second", 0),
        ("group.second", 2),
    ]


def test_setups_and_teardowns_come_along(session):
    """A task whose setup was torn down is restarted with its setup and its teardown."""
    from airflow.operators.bash import BashOperator

    with new_dag("restart_setup") as dag:
        setup, work, other, teardown = (
            BashOperator(task_id=name, bash_command="true") for name in ("setup", "work", "other", "teardown")
        )
        setup >> [work, other] >> teardown.as_teardown(setups=setup)
    store(dag, session)
    new_run(dag, session, {**dict.fromkeys(dag.task_ids, "success"), "work": "failed"}, run_state="failed")
    restarted = _restart("restart_setup", session)
    assert [each.task_id for each in restarted.task_instances] == ["setup", "teardown", "work"]
    assert restarted.failed_task_count == 1


def test_a_run_under_way_stays_as_it_is(diamond, session):
    """A restart in a running run clears, and leaves the run's state and start_date."""
    from airflow.models.dagrun import DagRun

    table = DagRun.__table__
    session.execute(update(table).where(table.c.dag_id == "diamond").values(state="running"))
    session.commit()
    before = run_row("diamond", session)
    assert _restart("diamond", session).state == "running"
    after = run_row("diamond", session)
    assert (after.state, after.start_date, clears(after)) == ("running", before.start_date, CLEARS_COUNTED and 0)


def test_a_task_that_the_dag_has_lost_is_left(session):
    """A failed task instance whose task is not in the DAG any more cannot be restarted."""
    from airflow.operators.bash import BashOperator

    def make(*names):
        with new_dag("restart_lost") as dag:
            for name in names:
                BashOperator(task_id=name, bash_command="true")
        return dag

    old = make("kept", "lost")
    store(old, session)
    new_run(old, session, {"kept": "success", "lost": "failed"}, run_state="failed")
    from airflow.models.serialized_dag import SerializedDagModel

    SerializedDagModel.write_dag(make("kept"), session=session)
    session.commit()
    with pytest.raises(NothingFailed):
        _restart("restart_lost", session)


def test_what_is_not_there_cannot_be_restarted(diamond, session):
    """An unknown DAG or run is named."""
    with pytest.raises(DagNotFound):
        restart_failed("nowhere", "manual__1", user="ada", session=session)
    with pytest.raises(DagRunNotFound):
        restart_failed("diamond", "manual__9", user="ada", session=session)


@pytest.mark.parametrize("downstream", ["running", "queued", "deferred", "up_for_retry", None, "upstream_failed"])
def test_every_column_is_as_airflow_clears_it(session, downstream):
    """A restart leaves all rows about the run as Airflow's own clearing leaves them."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.taskinstance import TaskInstance, clear_task_instances

    def make(queue):
        from airflow.operators.bash import BashOperator

        with new_dag("as_airflow") as dag:
            first = BashOperator(task_id="first", bash_command="true", retries=2, queue=queue, executor_config={"a": 1})
            second = BashOperator(task_id="second", bash_command="true", trigger_rule="all_done", queue=queue)
            first >> second
            BashOperator(task_id="other", bash_command="true")
        return dag

    snapshots = []
    for ours in (True, False):
        store(make("before"), session)
        new_run(make("before"), session, {"other": "success"}, run_state="failed")
        job = _job(session, state="running" if downstream == "running" else "success")
        _set(session, "as_airflow", "first", -1, state="failed", try_number=3, max_tries=2, start_date=START,
             end_date=START + timedelta(minutes=1), duration=60, external_executor_id="abc")  # fmt: skip
        _set(session, "as_airflow", "second", -1, state=downstream, try_number=1 if downstream else 0, job_id=job,
             start_date=START, next_method="resume" if downstream == "deferred" else None)  # fmt: skip
        _reschedules(session, {"first": 3, "other": 1, **({"second": 1} if downstream else {})})
        SerializedDagModel.write_dag(make("after"), min_update_interval=None, session=session)
        session.commit()
        session.expunge_all()
        if ours:
            _restart("as_airflow", session)
        else:
            table = TaskInstance.__table__
            session.execute(update(table).where(table.c.dag_id == "as_airflow").values(updated_at=START))
            dag = SerializedDagModel.get("as_airflow", session=session).dag
            cleared = session.query(TaskInstance).filter(
                TaskInstance.dag_id == "as_airflow", TaskInstance.task_id != "other"
            )
            clear_task_instances(cleared.all(), session, dag=dag)
            session.commit()
        snapshots.append(_everything(session, job))
    assert snapshots[0] == snapshots[1]


def _job(session, *, state: str) -> int:
    from airflow.jobs.job import Job

    job = Job(state=state, job_type="LocalTaskJob")
    session.add(job)
    session.commit()
    return job.id


def _reschedules(session, tries_of) -> None:
    from airflow.models.taskreschedule import TaskReschedule

    dates = {"start_date": START, "end_date": START, "duration": 0, "reschedule_date": START}
    for task_id, tries in tries_of.items():
        key = {"dag_id": "as_airflow", "run_id": "manual__1", "task_id": task_id, "map_index": -1}
        session.execute(insert(TaskReschedule.__table__).values(**key, try_number=tries, **dates))
    session.commit()


def _everything(session, job) -> dict:
    """Return all rows about the run; a date of today is the time of the operation, and is shown as `now`."""
    from airflow.jobs.job import Job
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskreschedule import TaskReschedule

    from openmetadata_airflow_apis.airflow_versions.run_history import task_instance_history

    today = datetime.now(START.tzinfo) - timedelta(hours=1)
    history = task_instance_history()
    tables = [TaskInstance.__table__, TaskReschedule.__table__, DagRun.__table__]
    found = {}
    for table in [*tables, *([] if history is None else [history])]:
        rows = session.execute(select(table).where(table.c.dag_id == "as_airflow")).mappings().all()
        found[table.name] = sorted(
            [
                {
                    name: "now" if isinstance(value, datetime) and value > today else value
                    for name, value in row.items()
                    # The time since the start differs by the moment; the hash by the time of the DAG's storing.
                    if name not in {"id", "duration", "updated_at", "job_id", "trigger_id"}
                }
                for row in rows
            ],
            key=str,
        )
    found["job"] = session.execute(select(Job.state).where(Job.id == job)).scalar()
    session.rollback()
    return found
