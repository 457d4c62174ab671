"""Listing the runs of a DAG and the task instances of a run."""

from __future__ import annotations

from openmetadata_airflow_apis.runs.run_and_task_instance_lists import list_dag_runs, list_task_instances
from support.dag_runs import new_dag, new_run, store
from support.statements import counted


def test_each_map_index_is_listed_in_its_order(session):
    """The instances of a mapped task come one by one, by map_index."""
    from airflow.operators.bash import BashOperator

    with new_dag("listing") as dag:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true", "false", "date"])
        BashOperator(task_id="plain", bash_command="true")
    store(dag, session)
    states = {("mapped", 2): "failed", ("mapped", 0): "success", ("mapped", 1): None, "plain": "running"}
    new_run(dag, session, states)
    found, total = list_task_instances("listing", "manual__1", session=session)
    assert [(one.task_id, one.map_index, one.state) for one in found] == [
        ("mapped", 0, "success"),
        ("mapped", 1, None),
        ("mapped", 2, "failed"),
        ("plain", -1, "running"),
    ]
    assert total == 4


def test_lists_cost_a_fixed_number_of_statements(session):
    """A list of runs is two SQL statements, however many runs there are; a third counts if there may be more pages."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("listing") as dag:
        EmptyOperator(task_id="only")
    store(dag, session)
    for number in range(4):
        new_run(dag, session, run_id=f"run_{number}")
    pages = {(100, 0): (4, 4, 2), (4, 0): (4, 4, 3), (3, 3): (1, 4, 2), (3, 4): (0, 4, 3), (2, 0): (2, 4, 3)}
    numbers = {}
    for limit, offset in pages:
        with counted(session) as statements:
            found, total = list_dag_runs("listing", limit=limit, offset=offset, session=session)
        assert [run.run_id for run in found] == ["run_3", "run_2", "run_1", "run_0"][offset : offset + limit]
        numbers[limit, offset] = (len(found), total, len(statements))
    assert numbers == pages
