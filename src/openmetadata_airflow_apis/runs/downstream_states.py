"""Decides what becomes of the tasks downstream of skipped ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils import timezone
from sqlalchemy import and_

from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.results import TouchedTaskInstance
from openmetadata_airflow_apis.runs.task_dependencies import affected_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.trigger_rules import RunStates


def follow(dag: DAG, task_ids: Iterable[str], states: RunStates) -> list[TouchedTaskInstance]:
    """Decide about everything downstream that has not started, in passes as the scheduler does; return what changes."""
    before: dict[tuple[str, int], str | None] = {}
    wave = affected_by(dag, task_ids)
    while wave:
        decisions = [
            (task.task_id, map_index, after)
            for task in wave
            for map_index, state in states.of(task.task_id).items()
            if (after := _decision(states, task, map_index, state)) != state
        ]
        for each, map_index, after in decisions:
            before.setdefault((each, map_index), states.of(each)[map_index])
            states.put(each, map_index, after)
        wave = affected_by(dag, {each for each, _, _ in decisions})
    return [
        TouchedTaskInstance(task_id=each, map_index=map_index, state_before=state, state_after=after)
        for (each, map_index), state in before.items()
        if (after := states.of(each)[map_index]) != state
    ]


def _decision(states: RunStates, task: Any, map_index: int, state: str | None) -> str | None:
    if state not in {None, "upstream_failed"}:
        return state  # it has started, or ended by itself
    decided = states.decided(task, map_index)
    if decided == "skipped":
        return decided
    # A failure upstream that the scheduler has still to carry on is left to it.
    return state if state is None or decided == "upstream_failed" else None


def write(dag_id: str, run_id: str, touched: list[TouchedTaskInstance], *, session: Session) -> None:
    """Write the states of what was skipped, or is to wait again."""
    for state in ("skipped", None):
        keys = [(each.task_id, each.map_index) for each in touched if each.state_after == state]
        if keys:
            values = {"state": None} if state is None else rows.finishing(state, timezone.utcnow(), session=session)
            session.execute(rows.changing(and_(rows.of_run(dag_id, run_id), rows.among(keys)), values))
