"""What the scheduler would decide: every answer beside Airflow's own, over random DAGs and states."""

from __future__ import annotations

import random

import pytest

from openmetadata_airflow_apis.runs.trigger_rules import RunStates, trigger_rule
from support.dag_runs import new_dag, new_run, states, store

STATES = ["success", "success", "failed", "skipped", "upstream_failed", "running", None, None, None]


def _rules() -> list[str]:
    from airflow.utils.trigger_rule import TriggerRule

    old_names = {"dummy", "none_failed_or_skipped"}
    return sorted({str(rule.value) for rule in TriggerRule} - old_names)


def _random_dag(chance: random.Random, rule: str | None):
    """Return a DAG of plain, mapped, grouped, setup and teardown tasks; of one trigger rule if one is given."""
    from airflow.decorators import task_group
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator

    rules = [rule] if rule else _rules()
    in_group = [each for each in rules if each != "always"] or ["all_success"]  # Airflow allows no other there
    with new_dag("random") as dag:
        made = [EmptyOperator(task_id=f"root_{number}") for number in range(3)]
        for number in range(8):
            arguments = {"task_id": f"task_{number}", "trigger_rule": chance.choice(rules)}
            if chance.random() < 0.25:
                task = BashOperator.partial(**arguments).expand(bash_command=["true"] * chance.randint(1, 3))
            else:
                task = EmptyOperator(**arguments)
            for upstream in chance.sample(made, chance.randint(1, min(3, len(made)))):
                upstream >> task
            made.append(task)

        @task_group
        def group(number):
            first = BashOperator(task_id="first", bash_command="true", trigger_rule=chance.choice(in_group))
            first >> BashOperator(task_id="second", bash_command="true", trigger_rule=chance.choice(in_group))

        (
            chance.choice(made)
            >> group.expand(number=[1, 2, 3])
            >> EmptyOperator(task_id="after", trigger_rule=chance.choice(rules))
        )
        if rule in {None, "all_success"}:
            setup = EmptyOperator(task_id="setup").as_setup()
            work = EmptyOperator(task_id="work", trigger_rule=chance.choice(rules))
            setup >> EmptyOperator(task_id="between", trigger_rule=chance.choice(rules)) >> work
            work >> EmptyOperator(task_id="teardown").as_teardown(setups=setup)
            chance.choice(made) >> setup
    return dag


def _as_airflow_decides(dag_id: str, session) -> dict:
    """Let Airflow's scheduling decide until nothing changes; return the states."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel

    before = None
    while before != (before := states(dag_id, session)):
        run = session.query(DagRun).filter_by(dag_id=dag_id).one()
        run.dag = SerializedDagModel.get(dag_id, session=session).dag
        run.task_instance_scheduling_decisions(session)
        session.commit()
        session.expunge_all()
    return before


@pytest.mark.parametrize("rule", [None, *_rules()])
@pytest.mark.parametrize("seed", range(4))
def test_decisions_are_airflows(session, rule, seed):
    """Over random DAGs and states, what has not started is skipped, failed or left as Airflow's scheduler does."""
    chance = random.Random(f"{rule}-{seed}")  # noqa: S311 - not a secret
    dag = _random_dag(chance, rule)
    store(dag, session)
    new_run(dag, session)
    drawn = {
        key: chance.choice([*STATES, "removed"] if isinstance(key, tuple) else STATES)
        for key in states("random", session)
    }
    new_run_states = {key: state for key, state in drawn.items() if state}
    _put(session, new_run_states)

    from airflow.models.serialized_dag import SerializedDagModel

    serialized = SerializedDagModel.get("random", session=session).dag
    rows = [(*(key if isinstance(key, tuple) else (key, -1)), state) for key, state in drawn.items()]
    ours = RunStates(serialized, rows)
    # Airflow decides in passes, each about all of them by the states that it began with.
    while decisions := [
        (task.task_id, map_index, decided)
        for task in serialized.tasks
        for map_index, state in ours.of(task.task_id).items()
        if state is None and (decided := ours.decided(task, map_index))
    ]:
        for decision in decisions:
            ours.put(*decision)
    decided = {
        (task_id if map_index < 0 else (task_id, map_index)): ours.of(task_id)[map_index]
        for task_id, map_index, _ in rows
    }
    assert decided == _as_airflow_decides("random", session)


def _put(session, new_states):
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import update

    table = TaskInstance.__table__
    for key, state in new_states.items():
        task_id, map_index = key if isinstance(key, tuple) else (key, -1)
        session.execute(
            update(table)
            .where(table.c.dag_id == "random", table.c.task_id == task_id, table.c.map_index == map_index)
            .values(state=state)
        )
    session.commit()


def test_old_names_of_rules_mean_the_new_ones():
    """The spellings dummy and none_failed_or_skipped mean always and none_failed_min_one_success."""

    class Task:
        trigger_rule = "dummy"

    assert trigger_rule(Task) == "always"
    Task.trigger_rule = "none_failed_or_skipped"
    assert trigger_rule(Task) == "none_failed_min_one_success"
