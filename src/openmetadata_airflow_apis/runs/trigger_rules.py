"""What Airflow's scheduler would decide about a task instance from the states of those upstream of it.

By the setups that a task needs, by its trigger rule, and by what it is expanded over: as airflow.ti_deps.deps'
trigger_rule_dep and mapped_task_upstream_dep, but each task is counted once and not each of its instances. The tests
compare every answer with Airflow's own over random DAGs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.mappedoperator import MappedOperator
from airflow.utils.task_group import MappedTaskGroup

from openmetadata_airflow_apis.airflow_versions.scheduling import looks_at_all_indexes
from openmetadata_airflow_apis.runs.task_dependencies import index_by_index, mapped_dependencies
from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dag import DAG

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


class RunStates:
    """The states of all task instances of one run, and what the scheduler would decide from them."""

    def __init__(self, dag: DAG, states: Iterable[tuple[str, int, str | None]]) -> None:
        self._dag = dag
        self._by_index: dict[str, dict[int, str | None]] = defaultdict(dict)
        self._counts: dict[str, Counter[str | None]] = defaultdict(Counter)
        for task_id, map_index, state in states:
            self._by_index[task_id][map_index] = state
            self._counts[task_id][state] += 1
        self._has_setups = any(task.is_setup for task in dag.task_dict.values())
        self._setups: dict[str, list[Any]] = {}
        self._mapped_dependencies: dict[str, list[Any]] = {}

    def of(self, task_id: str) -> dict[int, str | None]:
        """Return the states of a task's instances by map_index."""
        return self._by_index[task_id]

    def put(self, task_id: str, map_index: int, state: str | None) -> None:
        """Change the state of one task instance."""
        self._counts[task_id][self._by_index[task_id][map_index]] -= 1
        self._by_index[task_id][map_index] = state
        self._counts[task_id][state] += 1

    def decided(self, task: Any, map_index: int) -> str | None:
        """Return the finished state that the scheduler would give a task instance that has not started, or None."""
        state = None
        if task.upstream_task_ids and trigger_rule(task) != "always":
            setups = self._indirect_setups(task)
            if setups:
                state = decided_by_setups(self._tally(task, map_index, setups), map_index)
            if state is None:
                state = decided_by_rule(trigger_rule(task), self._tally(task, map_index, task.upstream_list), map_index)
        return state or self._decided_by_mapping(task)

    def upstream(self, task: Any, map_index: int) -> Tally:
        """Count what is directly upstream of a task instance."""
        return self._tally(task, map_index, task.upstream_list)

    def setups(self, task: Any, map_index: int) -> Tally | None:
        """Count the setups that a task instance needs and that are not directly upstream; None if there are none."""
        setups = self._indirect_setups(task)
        return self._tally(task, map_index, setups) if setups else None

    def unfinished_upstream(self, task: Any, map_index: int) -> dict[str, Counter[str | None]]:
        """Return the states of the task instances directly upstream that have not ended, by their task_id."""
        unfinished = {}
        for upstream in sorted(task.upstream_list, key=lambda task: task.task_id):
            states = self._relevant(task, map_index, upstream)
            if any(number and state not in FINISHED for state, number in states.items()):
                unfinished[upstream.task_id] = states
        return unfinished

    def mapped_over_unsuccessful(self, task: Any) -> bool:
        """Tell whether a task that another is expanded over has ended without success."""
        finished = {self._by_index[upstream.task_id].get(-1) for upstream in self._mapped_over(task)} & FINISHED
        return bool(finished - {"success"})

    def _indirect_setups(self, task: Any) -> list[Any]:
        if not self._has_setups or task.is_teardown:
            return []
        if task.task_id not in self._setups:
            relevant = {setup.task_id: setup for setup in task.get_upstreams_only_setups()}
            self._setups[task.task_id] = [
                setup for task_id, setup in relevant.items() if task_id not in task.upstream_task_ids
            ]
        return self._setups[task.task_id]

    def _mapped_over(self, task: Any) -> list[Any]:
        if task.task_id not in self._mapped_dependencies:  # looked for once, and not for each instance of the task
            self._mapped_dependencies[task.task_id] = mapped_dependencies(task)
        return self._mapped_dependencies[task.task_id]

    def _tally(self, task: Any, map_index: int, upstream_tasks: list[Any]) -> Tally:
        tally = Tally()
        # Airflow counts tasks if nothing upstream is mapped, otherwise task instances.
        by_task = not any(_is_expanded(upstream) for upstream in upstream_tasks)
        for upstream in upstream_tasks:
            states = self._relevant(task, map_index, upstream)
            number = 1 if by_task else sum(states.values())
            tally.upstream += number
            tally.setups += number if upstream.is_setup else 0
            tally.add(states, is_setup=upstream.is_setup)
        return tally

    def _relevant(self, task: Any, map_index: int, upstream: Any) -> Counter[str | None]:
        """Count the states of those instances of upstream that one instance of task waits for."""
        if map_index < 0 or not index_by_index(upstream, task) or self._looks_at_all(task, upstream):
            return self._counts[upstream.task_id]
        states = self._by_index[upstream.task_id]
        return Counter(states[index] for index in (-1, map_index) if index in states)

    def _looks_at_all(self, task: Any, upstream: Any) -> bool:
        if not isinstance(task.task_group, MappedTaskGroup) or not looks_at_all_indexes(trigger_rule(task)):
            return False
        return upstream.task_id not in {dependency.task_id for dependency in self._mapped_over(task)}

    def _decided_by_mapping(self, task: Any) -> str | None:
        """Return the state that a mapped task instance gets if what it is expanded over did not succeed, or None."""
        finished = {self._by_index[upstream.task_id].get(-1) for upstream in self._mapped_over(task)} & FINISHED
        if finished & {"failed", "upstream_failed"}:
            return "upstream_failed"
        return "skipped" if "skipped" in finished else None


def _is_expanded(task: Any) -> bool:
    return isinstance(task, MappedOperator) or task.get_closest_mapped_task_group() is not None
