"""Reading runs and task instances."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from datetime import timedelta

import pytest
from airflow.utils.state import TaskInstanceState

from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound, TaskNotFound
from openmetadata_airflow_apis.runs.run_state import dag_state
from openmetadata_airflow_apis.runs.task_instance_details import task_instance_detail
from openmetadata_airflow_apis.runs.task_summaries import list_task_summaries
from support.dag_runs import START, new_dag, new_run, put_states, store

LOGICAL_DATE = START + timedelta(days=1)

# States of Airflow's present enum, and those of older releases, which rows in its database may still have.
STATES = sorted({state.value for state in TaskInstanceState} | {"shutdown", "sensing"})


@pytest.fixture
def run(session):
    from airflow.operators.bash import BashOperator

    with new_dag("state") as dag:
        BashOperator(task_id="plain", bash_command="true", retries=2)
        BashOperator.partial(task_id="mapped").expand(bash_command=["true", "false", "date"])
    store(dag, session)
    new_run(
        dag,
        session,
        {"plain": "success", ("mapped", 0): "success", ("mapped", 1): "running", ("mapped", 2): "up_for_retry"},
        hostname="worker-1",
        pid=4711,
    )
    return dag


def test_the_state_of_a_run(run, session):
    """A run's state comes with its dates, its conf and its note."""
    answer = asdict(dag_state("state", "manual__1", session=session))
    assert answer.pop("queued_at").tzinfo is not None
    assert answer.pop("start_date").tzinfo is not None
    assert answer == {
        "dag_id": "state",
        "run_id": "manual__1",
        "state": "running",
        "run_type": "manual",
        "external_trigger": True,
        "logical_date": LOGICAL_DATE,
        "end_date": None,
        "data_interval_start": LOGICAL_DATE,
        "data_interval_end": LOGICAL_DATE,
        "conf": {},
        "note": None,
    }


def test_a_task_that_is_not_mapped(run, session):
    """A plain task's detail has its tries, its dates and where it ran."""
    assert asdict(task_instance_detail("state", "manual__1", "plain", session=session)) == {
        "dag_id": "state",
        "run_id": "manual__1",
        "task_id": "plain",
        "map_index": -1,
        "count": 1,
        "state": "success",
        "logical_date": LOGICAL_DATE,
        "start_date": LOGICAL_DATE,
        "end_date": LOGICAL_DATE + timedelta(seconds=30),
        "duration": 30.0,
        "try_number": 1,
        "max_tries": 2,
        "hostname": "worker-1",
        "pid": 4711,
        "operator": "BashOperator",
        "pool": "default_pool",
        "queue": "default",
        "queued_when": None,
    }


def test_a_mapped_task_taken_together(run, session):
    """A mapped task without a map_index shows the state that Airflow's grid shows, and the span of its dates."""
    assert asdict(task_instance_detail("state", "manual__1", "mapped", session=session)) == {
        "dag_id": "state",
        "run_id": "manual__1",
        "task_id": "mapped",
        "map_index": None,
        "count": 3,
        "state": "up_for_retry",
        "logical_date": LOGICAL_DATE,
        "start_date": LOGICAL_DATE,
        "end_date": LOGICAL_DATE + timedelta(seconds=30),
        "duration": 30.0,
        "try_number": 1,
        "max_tries": 0,
        "hostname": None,
        "pid": None,
        "operator": None,
        "pool": None,
        "queue": None,
        "queued_when": None,
    }


def test_one_index_of_a_mapped_task(run, session):
    """A mapped task with a map_index shows that task instance alone."""
    detail = task_instance_detail("state", "manual__1", "mapped", map_index=1, session=session)
    assert (detail.map_index, detail.count, detail.state, detail.end_date) == (1, 1, "running", None)


def test_the_grid_priority_is_airflows():
    """The state that speaks for a mapped task is chosen in the order of Airflow's own grid."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # flask-appbuilder's forms, on import
        from airflow.www.utils import priority

    from openmetadata_airflow_apis.runs.task_summaries import GRID_PRIORITY

    ours = [state for state in GRID_PRIORITY if state in priority]
    assert ours == [None if state is None else str(state) for state in priority]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("others", ["success", None, "sensing", "running"])
def test_every_state_is_taken_together_as_in_the_grid(run, session, state, others):
    """Whatever states a mapped task's instances have, older releases' too, the task shows that of Airflow's grid."""
    put_states("state", {("mapped", 0): state, ("mapped", 1): others, ("mapped", 2): others}, session)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # flask-appbuilder's forms, on import
        from airflow.www.utils import priority

    grid_state = next((listed for listed in priority if listed in {state, others}), None)
    detail = task_instance_detail("state", "manual__1", "mapped", session=session)
    [summarized], _, _ = list_task_summaries("state", session=session)
    assert (detail.state, detail.count) == (grid_state, 3)
    assert {task.task_id: task.state for task in summarized.tasks} == {"mapped": grid_state, "plain": "success"}


@pytest.mark.parametrize("state", STATES)
def test_a_single_task_instance_shows_its_own_state(run, session, state):
    """A task that is not mapped shows the state in its row, also one that Airflow's grid gives no priority."""
    put_states("state", {"plain": state}, session)
    [summarized], _, _ = list_task_summaries("state", session=session)
    assert task_instance_detail("state", "manual__1", "plain", session=session).state == state
    assert {task.task_id: task.state for task in summarized.tasks}["plain"] == state


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("nowhere", "manual__1", "plain"), DagNotFound),
        (("state", "manual__2", "plain"), DagRunNotFound),
        (("state", "manual__1", "absent"), TaskNotFound),
    ],
)
def test_what_is_not_there_is_named(run, session, arguments, error):
    """An unknown DAG, run or task is an error of its own."""
    with pytest.raises(error):
        task_instance_detail(*arguments, session=session)
    if error is not TaskNotFound:
        with pytest.raises(error):
            dag_state(*arguments[:2], session=session)


def test_an_index_that_is_not_there(run, session):
    """An unknown map_index is named in the error."""
    with pytest.raises(TaskNotFound, match="`mapped` at map_index 7 was not found in the DagRun `manual__1`"):
        task_instance_detail("state", "manual__1", "mapped", map_index=7, session=session)
