"""Decides the states of the tasks downstream of one whose state was set from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.runs.results import TouchedTaskInstance
from openmetadata_airflow_apis.runs.task_dependencies import affected_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.runs.trigger_rules import RunStates


def decide_downstream(dag: DAG, task_ids: Iterable[str], states: RunStates) -> list[TouchedTaskInstance]:
    """Return the task instances downstream of these tasks that have not started and get another state.

    Like the scheduler this decides in passes. It puts the new states into `states`.
    """
    states_before: dict[tuple[str, int], str | None] = {}
    wave = affected_by(dag, task_ids)
    while wave:
        decisions = [
            (task.task_id, map_index, after)
            for task in wave
            for map_index, state in states.of(task.task_id).items()
            if (after := _decision(states, task, map_index, state)) != state
        ]
        for task_id, map_index, after in decisions:
            states_before.setdefault((task_id, map_index), states.of(task_id)[map_index])
            states.put(task_id, map_index, after)
        wave = affected_by(dag, {task_id for task_id, _, _ in decisions})
    return [
        TouchedTaskInstance(task_id=task_id, map_index=map_index, state_before=before, state_after=after)
        for (task_id, map_index), before in states_before.items()
        if (after := states.of(task_id)[map_index]) != before
    ]


def _decision(states: RunStates, task: Any, map_index: int, state: str | None) -> str | None:
    if state not in {None, "upstream_failed"}:
        return state  # it has started or has ended by itself
    decided = states.decided(task, map_index)
    if decided == "skipped":
        return decided
    # The scheduler itself sets upstream_failed. Here it is only taken back, once no failure is upstream any more.
    return state if state is None or decided == "upstream_failed" else None
