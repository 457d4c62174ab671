"""What the scheduler would decide: every answer beside Airflow's own, over random DAGs and states."""

from __future__ import annotations

import random

import pytest

from openmetadata_airflow_apis.runs.trigger_rules import RunStates, trigger_rule
from support.dag_runs import new_run, put_states, states, store
from support.random_dags import as_airflow_decides, random_dag, rules

STATES = ["success", "success", "failed", "skipped", "upstream_failed", "running", None, None, None]


@pytest.mark.parametrize("rule", [None, *rules()])
@pytest.mark.parametrize("seed", range(4))
def test_decisions_are_airflows(session, rule, seed):
    """Over random DAGs and states, what has not started is skipped, failed or left as Airflow's scheduler does."""
    chance = random.Random(f"{rule}-{seed}")  # noqa: S311 - not a secret
    dag = random_dag(chance, rule)
    store(dag, session)
    new_run(dag, session)
    drawn = {
        key: chance.choice([*STATES, "removed"] if isinstance(key, tuple) else STATES)
        for key in states("random", session)
    }
    put_states("random", drawn, session)

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
    assert decided == as_airflow_decides("random", session)


def test_old_names_of_rules_mean_the_new_ones():
    """The spellings dummy and none_failed_or_skipped mean always and none_failed_min_one_success."""

    class Task:
        trigger_rule = "dummy"

    assert trigger_rule(Task) == "always"
    Task.trigger_rule = "none_failed_or_skipped"
    assert trigger_rule(Task) == "none_failed_min_one_success"
