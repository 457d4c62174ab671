"""How each task went in the last runs of a DAG."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.errors import DagNotFound
from openmetadata_airflow_apis.runs.task_summaries import list_task_summaries
from support.dag_runs import new_dag, new_run, store
from support.statements import counted


@pytest.fixture
def mapped(session):
    """A DAG with a mapped task and a plain one."""
    from airflow.operators.bash import BashOperator

    with new_dag("summarized") as dag:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true", "false", "date"])
        BashOperator(task_id="plain", bash_command="true")
    store(dag, session)
    return dag


def test_a_mapped_task_is_counted_by_state(mapped, session):
    """Its instances are taken together, in the state that Airflow's grid shows, from first start to last end."""
    new_run(mapped, session, {("mapped", 0): "success", ("mapped", 1): "failed", ("mapped", 2): None}, run_id="one")
    [run], total, _ = list_task_summaries("summarized", session=session)
    first, second = run.tasks
    assert (run.run_id, run.state, total) == ("one", "running", 1)
    assert (first.task_id, first.state, first.try_number) == ("mapped", "failed", 1)
    assert first.task_instance_counts == {"failed": 1, "no_status": 1, "success": 1}
    assert first.start_date <= first.end_date
    assert (second.task_id, second.state, second.task_instance_counts) == ("plain", None, {"no_status": 1})
    assert (second.start_date, second.end_date, second.queued_when) == (None, None, None)


def test_runs_are_chosen_by_page_and_by_run_id(mapped, session):
    """The run created last comes first; a run that is not there is left out."""
    for number in range(4):
        new_run(mapped, session, {"plain": "success"}, run_id=f"run_{number}")
    page, total, _ = list_task_summaries("summarized", limit=2, offset=1, session=session)
    assert ([run.run_id for run in page], total) == (["run_2", "run_1"], 4)
    chosen = ["run_0", "run_3", "never_there"]
    page, total, _ = list_task_summaries("summarized", run_ids=chosen, session=session)
    assert ([run.run_id for run in page], total) == (["run_3", "run_0"], 2)
    with pytest.raises(DagNotFound):
        list_task_summaries("nowhere", session=session)


def test_summaries_cost_a_fixed_number_of_statements(mapped, session):
    """Three SQL statements, however many runs and task instances there are; a fourth counts if there are more pages."""
    numbers = []
    for number in range(6):
        new_run(mapped, session, {"plain": "success"}, run_id=f"run_{number}")
        with counted(session) as statements:
            page, _, _ = list_task_summaries("summarized", limit=4, session=session)
        numbers.append((len(page), len(statements)))
    assert numbers == [(1, 3), (2, 3), (3, 3), (4, 4), (4, 4), (4, 4)]
