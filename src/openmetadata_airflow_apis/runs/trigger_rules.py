"""Airflow's trigger rules: what each decides from the numbers of task instances upstream that are in which state.

The rules are those of airflow.ti_deps.deps.trigger_rule_dep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED

if TYPE_CHECKING:
    from collections import Counter

# Spellings of Airflow 2.0, which it still reads.
_OLD_NAMES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


@dataclass
class Tally:
    """The number of task instances upstream, and of the finished ones in each state."""

    upstream: int = 0
    done: int = 0
    success: int = 0
    skipped: int = 0
    failed: int = 0
    upstream_failed: int = 0
    removed: int = 0
    setups: int = 0
    setups_success: int = 0
    setups_skipped: int = 0

    def add(self, states: Counter[str | None], *, is_setup: bool) -> None:
        """Count the task instances of one task upstream."""
        self.done += sum(number for state, number in states.items() if state in FINISHED)
        self.success += states["success"]
        self.skipped += states["skipped"]
        self.failed += states["failed"]
        self.upstream_failed += states["upstream_failed"]
        self.removed += states["removed"]
        if is_setup:
            self.setups_success += states["success"]
            self.setups_skipped += states["skipped"]


def trigger_rule(task: Any) -> str:
    """Return the present name of a task's trigger rule."""
    rule = str(getattr(task.trigger_rule, "value", task.trigger_rule))
    return _OLD_NAMES.get(rule, rule)


def decided_by_rule(rule: str, upstream: Tally, map_index: int) -> str | None:
    """Return the finished state that a trigger rule puts a waiting task instance into; None if it decides nothing."""
    all_done = upstream.done >= upstream.upstream
    any_failed = bool(upstream.failed or upstream.upstream_failed)
    if rule == "all_success":
        if any_failed:
            return "upstream_failed"
        if upstream.skipped:
            return "skipped"
        return _beyond_the_end(upstream, map_index)
    if rule in {"none_failed", "none_failed_min_one_success"} and any_failed:
        return "upstream_failed"
    if rule == "one_success" and all_done and not upstream.success:
        return "skipped" if upstream.done == upstream.skipped else "upstream_failed"
    if rule == "all_done_setup_success" and all_done and upstream.setups and not upstream.setups_success:
        return "skipped" if upstream.setups_skipped >= upstream.setups else "upstream_failed"
    skips = {
        "all_failed": upstream.success or upstream.skipped,
        "all_skipped": upstream.success or any_failed,
        "none_skipped": upstream.skipped,
        "none_failed_min_one_success": upstream.skipped == upstream.upstream,
        "one_failed": all_done and not any_failed,
        "one_done": all_done and not (upstream.failed or upstream.success),
    }
    return "skipped" if skips.get(rule) else None


def rule_met(rule: str, upstream: Tally, map_index: int) -> bool:
    """Tell whether a trigger rule lets a task instance start."""
    removed = upstream.removed if map_index >= 0 else 0
    all_done = upstream.done >= upstream.upstream
    met = {
        "all_success": upstream.upstream <= upstream.success + removed,
        "all_failed": upstream.upstream <= upstream.failed + upstream.upstream_failed + removed,
        "all_done": all_done,
        "all_skipped": upstream.upstream <= upstream.skipped,
        "all_done_setup_success": all_done and (not upstream.setups or bool(upstream.setups_success)),
        "none_failed": upstream.upstream <= upstream.success + upstream.skipped + removed,
        "none_failed_min_one_success": upstream.upstream <= upstream.success + upstream.skipped + removed,
        "none_skipped": all_done and not upstream.skipped,
        "one_success": bool(upstream.success),
        "one_failed": bool(upstream.failed or upstream.upstream_failed),
        "one_done": bool(upstream.success or upstream.failed),
    }
    return rule == "always" or met.get(rule, False)


def decided_by_setups(setups: Tally, map_index: int) -> str | None:
    """Return the state that its indirect setups put a waiting task instance into, whatever its trigger rule."""
    return decided_by_rule("all_success", setups, map_index)


def _beyond_the_end(upstream: Tally, map_index: int) -> str | None:
    """Return removed for a mapped task instance if the tasks upstream no longer have an element for it."""
    return "removed" if upstream.removed and 0 < upstream.success <= map_index else None
