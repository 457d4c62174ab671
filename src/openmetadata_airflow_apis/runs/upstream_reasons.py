"""Why a task waits for the tasks upstream: Airflow's dependency checks over them, in words, with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.mappedoperator import MappedOperator
from airflow.ti_deps.deps.mapped_task_expanded import MappedTaskIsExpanded
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep

from openmetadata_airflow_apis.runs.explanation_results import WaitingReason
from openmetadata_airflow_apis.runs.task_dependencies import mapped_dependencies
from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED
from openmetadata_airflow_apis.runs.trigger_rules import rule_met, trigger_rule

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from openmetadata_airflow_apis.runs.trigger_rules import RunStates, Tally

# The name of airflow.ti_deps.deps.mapped_task_upstream_dep's check, which Airflow < 2.8 doesn't have.
MAPPED_UPSTREAM = "Mapped dependencies have succeeded"

_WANTED = {
    "all_success": "to succeed",
    "all_failed": "to fail",
    "all_done": "to be done",
    "all_skipped": "to be skipped",
    "all_done_setup_success": "to be done, and a setup of its own to have succeeded",
    "none_failed": "to succeed or be skipped",
    "none_failed_min_one_success": "to succeed or be skipped, one at least to succeed",
    "none_skipped": "to be done, and none to be skipped",
    "one_success": "to succeed",
    "one_failed": "to fail",
    "one_done": "to succeed or fail",
}
_NAMED = 3


def upstream_reasons(task: Any, map_index: int, states: RunStates) -> Iterator[WaitingReason]:
    """Yield the reasons, among the tasks upstream, why a task instance has not been scheduled."""
    rule = trigger_rule(task)
    if task.upstream_task_ids and rule != "always":
        decided = states.decided(task, map_index)
        next_look = f" The scheduler sets it to {decided} at its next look at the run." if decided else ""
        setups = states.setups(task, map_index)
        if setups is not None and not rule_met("all_success", setups, map_index):
            yield WaitingReason(
                TriggerRuleDep.NAME,
                "It needs setup tasks that are not directly before it, and they have to succeed: "
                f"so far: {_tally(setups)}.{next_look}",
            )
        upstream = states.upstream(task, map_index)
        if not rule_met(rule, upstream, map_index):
            unfinished_tasks = _unfinished(states.unfinished_upstream(task, map_index))
            yield WaitingReason(
                TriggerRuleDep.NAME,
                f"Its trigger rule {rule} wants {_how_many(rule, upstream.upstream)} upstream {_WANTED.get(rule, '')}; "
                f"so far: {_tally(upstream)}.{unfinished_tasks}{next_look}",
            )
    if states.mapped_over_unsuccessful(task):
        yield WaitingReason(MAPPED_UPSTREAM, "What it is expanded over has not succeeded.")
    if map_index < 0 and isinstance(task, MappedOperator):
        over = ", ".join(f"`{mapped_over.task_id}`" for mapped_over in mapped_dependencies(task))
        yield WaitingReason(
            MappedTaskIsExpanded.NAME,
            f"It is expanded over the output of {over} when that has succeeded."
            if over
            else "It is yet to be expanded.",
        )


def _how_many(rule: str, number: int) -> str:
    if rule.startswith("one_"):
        return f"one of the {number}"
    return f"all {number}" if number > 1 else "the one"


def _tally(upstream: Tally) -> str:
    counts = {
        "success": upstream.success,
        "failed": upstream.failed,
        "upstream_failed": upstream.upstream_failed,
        "skipped": upstream.skipped,
        "removed": upstream.removed,
    }
    finished_counts = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    not_done = upstream.upstream - upstream.done
    return (
        ", ".join(part for part in (finished_counts, f"{not_done} not done" if not_done > 0 else "") if part)
        or "none is there"
    )


def _unfinished(upstream: Mapping[str, Counter[str | None]]) -> str:
    if not upstream:
        return ""
    names = [_named(task_id, states) for task_id, states in upstream.items()]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" It waits for {', '.join(names[:_NAMED])}{more}."


def _named(task_id: str, states: Counter[str | None]) -> str:
    total = sum(states.values())
    if total == 1:
        state = next(state for state, number in states.items() if number)
        return f"`{task_id}` ({state or 'not scheduled yet'})"
    done = sum(number for state, number in states.items() if state in FINISHED)
    return f"`{task_id}` ({done} of {total} done)"
