"""Listing the runs of a DAG and the task instances of a run."""

from __future__ import annotations

from sqlalchemy import event

from openmetadata_airflow_apis.runs.run_lists import list_dag_runs, list_task_instances
from support.dag_runs import new_dag, new_run, store


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
    """A list of runs is three SQL statements, however many runs there are."""
    from airflow.operators.empty import EmptyOperator

    with new_dag("listing") as dag:
        EmptyOperator(task_id="only")
    store(dag, session)
    for number in range(4):
        new_run(dag, session, run_id=f"run_{number}")
    statements = []
    engine = session.get_bind()
    remember = lambda *arguments: statements.append(arguments[2])  # noqa: E731 - to be removed by its name
    event.listen(engine, "before_cursor_execute", remember)
    try:
        found, total = list_dag_runs("listing", session=session)
    finally:
        event.remove(engine, "before_cursor_execute", remember)
    assert [run.run_id for run in found] == ["run_3", "run_2", "run_1", "run_0"]
    assert (total, len(statements)) == (4, 3)
