"""Which task instances downstream of a skipped or successful task are skipped as well, or wait again.

Those that have not started get the state that Airflow's scheduler would decide (trigger_rules.py), and those in
upstream_failed wait again once no failure is upstream. What has failed or was skipped by itself stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.runs.trigger_rules import RunStates


def decide_downstream(dag: DAG, task_ids: Iterable[str], states: RunStates) -> list[TouchedTaskInstance]:
    """Return the task instances downstream of these tasks that have not started and get another state.

    Like the scheduler this decides in passes. It puts the new states into `states`.
    """
    states_before: dict[tuple[str, int], str | None] = {}
    wave = _affected_by(dag, task_ids)
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
        wave = _affected_by(dag, {task_id for task_id, _, _ in decisions})
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


def _affected_by(dag: DAG, task_ids: Iterable[str]) -> list[Any]:
    """Return the tasks whose scheduling looks at these: those directly downstream, and all downstream of a setup."""
    task_ids_affected: set[str] = set()
    for task_id in task_ids:
        task = dag.task_dict[task_id]
        task_ids_affected |= task.get_flat_relative_ids(upstream=False) if task.is_setup else task.downstream_task_ids
    return [dag.task_dict[task_id] for task_id in sorted(task_ids_affected)]
