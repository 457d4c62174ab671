"""What each unfinished task instance of a run waits for: Airflow's dependency checks for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.settings import ALLOW_FUTURE_EXEC_DATES
from airflow.ti_deps.deps.dag_ti_slots_available_dep import DagTISlotsAvailableDep
from airflow.ti_deps.deps.mapped_task_expanded import MappedTaskIsExpanded
from airflow.ti_deps.deps.not_in_retry_period_dep import NotInRetryPeriodDep
from airflow.ti_deps.deps.pool_slots_available_dep import PoolSlotsAvailableDep
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep
from airflow.ti_deps.deps.ready_to_reschedule import ReadyToRescheduleDep
from airflow.ti_deps.deps.runnable_exec_date_dep import RunnableExecDateDep
from airflow.ti_deps.deps.task_concurrency_dep import TaskConcurrencyDep
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep

from openmetadata_airflow_apis.airflow_versions.next_retry import next_retry
from openmetadata_airflow_apis.runs.explanation_results import WaitingReason, WaitingTask
from openmetadata_airflow_apis.runs.queued_task_reasons import Executors, who_takes
from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED
from openmetadata_airflow_apis.runs.upstream_reasons import MAPPED_UPSTREAM, upstream_reasons
from openmetadata_airflow_apis.runs.wording import age, counted, last_heard, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row

    from openmetadata_airflow_apis.runs.celery_workers import CeleryWorkers
    from openmetadata_airflow_apis.runs.depends_on_past import PastRun
    from openmetadata_airflow_apis.runs.scheduling_facts import SchedulingFacts
    from openmetadata_airflow_apis.runs.trigger_rules import RunStates

EXECUTOR = "Executor"
PROCESS = "Process Heartbeat"
SCHEDULER = "Scheduler"
TASK_IN_DAG = "Task In DAG"
TRIGGER = "Trigger"

# How many seconds a healthy process may be silent.
_SILENCE = 60
# In a reason, stands for how long the first of several has waited, until all of them are known.
_AGE = "{age}"


@dataclass(frozen=True)
class Waiting:
    """A run as it waits: its DAG, its task instances' states, what the scheduler goes by, and the run before it.

    dag: None if Airflow has no such DAG. run_reasons: why the run as a whole does not go on. workers: Celery's, if they
    were asked.
    """

    run: Row
    dag: DAG | None
    states: RunStates | None
    facts: SchedulingFacts
    past: PastRun | None
    run_reasons: Sequence[WaitingReason]
    workers: CeleryWorkers | None = None

    def tasks(self, rows: Iterable[Row]) -> list[WaitingTask]:
        """Return the task instances that wait, those of one task with the same state and reasons taken together.

        Those that wait for something of their own come before those that only wait for tasks upstream.
        """
        groups: dict[Any, WaitingTask] = {}
        for row in rows:
            reasons = tuple(self._reasons(row))
            if not reasons:
                continue
            key = (row.task_id, row.state, tuple((reason.name, reason.reason) for reason in reasons))
            single = WaitingTask(row.task_id, row.map_index, 1, row.state, _since(row), reasons)
            groups[key] = _together(groups[key], single) if key in groups else single
        aged_groups = [_with_age(group, self.facts.now) for group in groups.values()]
        return sorted(aged_groups, key=lambda group: (only_upstream(group), group.task_id, group.map_index))

    def _reasons(self, row: Row) -> Iterator[WaitingReason]:
        if row.state in FINISHED:
            return
        by_state: dict[str | None, Callable[[Row], Iterator[WaitingReason]]] = {
            "scheduled": self._scheduled,
            "queued": self._queued,
            "running": self._running,
            "restarting": self._running,
            "deferred": self._deferred,
        }
        if row.state in by_state:
            yield from by_state[row.state](row)
        else:
            yield from self._unscheduled(row)

    def _unscheduled(self, row: Row) -> Iterator[WaitingReason]:
        task = self.dag.task_dict.get(row.task_id) if self.dag is not None else None
        if task is None or self.states is None or self.dag is None:
            yield WaitingReason(TASK_IN_DAG, "Airflow's present version of the DAG has no such task.")
            return
        reasons = list(upstream_reasons(task, row.map_index, self.states))
        obstacle = self.past.obstacle(task, self.dag) if self.past is not None else None
        if obstacle:
            reasons.append(WaitingReason(PrevDagrunDep.NAME, f"{obstacle[0].upper()}{obstacle[1:]}."))
        retry_at = next_retry(task, row, self.run.execution_date) if row.state == "up_for_retry" else None
        if retry_at is not None and retry_at > self.facts.now:
            reasons.append(
                WaitingReason(
                    NotInRetryPeriodDep.NAME,
                    "Its last try failed; it is tried again when its retry_delay is over.",
                    retry_at,
                )
            )
        rescheduled_to = self.facts.rescheduled.get((row.task_id, row.map_index))
        if rescheduled_to is not None and rescheduled_to > self.facts.now and row.state in {None, "up_for_reschedule"}:
            reasons.append(
                WaitingReason(
                    ReadyToRescheduleDep.NAME,
                    "It looked, did not find what it waits for, and looks again later.",
                    rescheduled_to,
                )
            )
        yield from reasons
        if not reasons:
            yield from self._next_look("schedules")

    def _scheduled(self, row: Row) -> Iterator[WaitingReason]:
        reasons = [*self._pool(row), *self._concurrency(row), *self._dates(row), *self._executor_slots]
        yield from reasons
        if not reasons:
            yield from self._next_look("queues")

    def _next_look(self, does: str) -> Iterator[WaitingReason]:
        if self.run_reasons:
            yield from self.run_reasons
        else:
            yield WaitingReason(SCHEDULER, f"All that it depends on is met; the scheduler {does} it at its next look.")

    def _pool(self, row: Row) -> Iterator[WaitingReason]:
        pool = self.facts.pools.get(row.pool)
        if pool is None:
            yield WaitingReason(PoolSlotsAvailableDep.NAME, f"There is no pool `{row.pool}`; make it, or name another.")
        elif row.pool_slots > pool["total"]:
            yield WaitingReason(
                PoolSlotsAvailableDep.NAME,
                f"It takes {counted(row.pool_slots, 'slot')} of the pool `{row.pool}`, "
                f"which has {pool['total']} in all.",
            )
        elif row.pool_slots > pool["open"]:
            yield WaitingReason(
                PoolSlotsAvailableDep.NAME,
                f"The pool `{row.pool}` has {max(pool['open'], 0)} of {counted(pool['total'], 'slot')} free, and it "
                f"takes {row.pool_slots}; running tasks have {pool['running']}, queued ones {pool['queued']}.",
            )

    def _concurrency(self, row: Row) -> Iterator[WaitingReason]:
        facts = self.facts
        if facts.dag is not None and facts.active_in_dag >= facts.dag.max_active_tasks:
            yield WaitingReason(
                DagTISlotsAvailableDep.NAME,
                f"Running or queued are {facts.active_in_dag} of at most "
                f"{counted(facts.dag.max_active_tasks, 'task instance')} of the DAG in all its runs "
                "(max_active_tasks).",
            )
        task = self.dag.task_dict.get(row.task_id) if self.dag is not None else None
        for option, run_id, where in (
            ("max_active_tis_per_dag", None, "all runs"),
            ("max_active_tis_per_dagrun", self.run.run_id, "this run"),
        ):
            limit = getattr(task, option, None)
            if limit is not None and facts.active_of_task(row.task_id, run_id) >= limit:
                yield WaitingReason(
                    TaskConcurrencyDep.NAME,
                    f"Running or queued are {facts.active_of_task(row.task_id, run_id)} of at most "
                    f"{counted(limit, 'instance')} of it in {where} ({option}).",
                )

    def _dates(self, row: Row) -> Iterator[WaitingReason]:
        task = self.dag.task_dict.get(row.task_id) if self.dag is not None else None
        if self.dag is None or task is None:
            return
        date = self.run.execution_date
        future = date > self.facts.now
        if future and not (ALLOW_FUTURE_EXEC_DATES and not self.dag.timetable.can_be_scheduled):
            yield WaitingReason(RunnableExecDateDep.NAME, "The run's logical date is in the future.", date)
        for subject, end_date in (("it", task.end_date), ("the DAG", self.dag.end_date)):
            if end_date is not None and date > end_date:
                yield WaitingReason(
                    RunnableExecDateDep.NAME,
                    f"The run's logical date is after the end_date of {subject}, {moment(end_date)}: it never runs.",
                )

    @cached_property
    def _executor_slots(self) -> tuple[WaitingReason, ...]:
        slots = conf.getint("core", "parallelism") * max(self.facts.scheduler.alive, 1)
        if not 0 < slots <= self.facts.active_anywhere:
            return ()
        reason = (
            f"Running or queued are {self.facts.active_anywhere} of at most {counted(slots, 'task instance')} "
            "of all DAGs ([core] parallelism of each scheduler)."
        )
        return (WaitingReason(EXECUTOR, reason),)

    # Airflow takes 0.1 ms to look an option up, and a run may have ten thousand task instances.
    @cached_property
    def _seconds_to_take_over(self) -> float:
        return conf.getfloat("scheduler", "orphaned_tasks_check_interval")

    @cached_property
    def _seconds_of_silence(self) -> int:
        return conf.getint("scheduler", "scheduler_zombie_task_threshold")

    @cached_property
    def _executors(self) -> Executors:
        return Executors()

    def _queued(self, row: Row) -> Iterator[WaitingReason]:
        yield WaitingReason(
            EXECUTOR,
            who_takes(
                row,
                _AGE,
                executors=self._executors,
                running=self.facts.queues,
                workers=self.workers,
                now=self.facts.now,
            ),
        )
        if row.queuer_state is not None and row.queuer_state != "running":
            yield WaitingReason(
                SCHEDULER,
                "The scheduler that queued it has ended; another one takes it over after "
                f"{age(self._seconds_to_take_over)} at most.",
            )

    def _running(self, row: Row) -> Iterator[WaitingReason]:
        if row.state == "restarting":
            yield WaitingReason(PROCESS, "It was cleared while it was running; its process is being ended first.")
        elif row.process_state is not None and row.process_state != "running":
            yield WaitingReason(
                PROCESS, "Its process has ended without a word of how; the scheduler fails it, or tries it again, soon."
            )
        elif row.process_heartbeat is not None:
            silence = (self.facts.now - row.process_heartbeat).total_seconds()
            if silence > _SILENCE:
                yield WaitingReason(
                    PROCESS,
                    f"Its process on {row.hostname} was last heard of at {moment(row.process_heartbeat)}; "
                    f"after {counted(self._seconds_of_silence, 'second')} of silence the scheduler fails it, or tries "
                    "it again.",
                )

    def _deferred(self, row: Row) -> Iterator[WaitingReason]:
        if row.trigger_classpath is None:
            yield WaitingReason(TRIGGER, "It is deferred, and its trigger is gone; restart it.")
            return
        triggerer = self.facts.triggerer
        kind = row.trigger_classpath.rpartition(".")[2]
        # Airflow stores this one date without its time zone.
        until = row.trigger_timeout.replace(tzinfo=timezone.utc) if row.trigger_timeout is not None else None
        yield WaitingReason(TRIGGER, f"It waits for its trigger {kind} to fire.", until)
        if not triggerer.alive:
            yield WaitingReason("Triggerer Heartbeat", f"No triggerer is running: {last_heard(triggerer.heartbeat)}.")


def _since(row: Row) -> datetime | None:
    columns = {
        "scheduled": "updated_at",
        "queued": "queued_dttm",
        "running": "start_date",
        "deferred": "trigger_created_date",
        "up_for_retry": "end_date",
        "up_for_reschedule": "end_date",
    }
    return getattr(row, columns[row.state]) if row.state in columns else None


def _together(group: WaitingTask, single: WaitingTask) -> WaitingTask:
    moments = [moment for moment in (group.since, single.since) if moment is not None]
    earlier = tuple(
        min(pair, key=lambda reason: (reason.until is None, reason.until))
        for pair in zip(group.reasons, single.reasons)
    )
    return replace(group, count=group.count + 1, since=min(moments, default=None), reasons=earlier)


def _with_age(group: WaitingTask, now: datetime) -> WaitingTask:
    age_in_words = age((now - group.since).total_seconds()) if group.since else "some time"
    return replace(
        group,
        reasons=tuple(replace(reason, reason=reason.reason.replace(_AGE, age_in_words)) for reason in group.reasons),
    )


def only_upstream(group: WaitingTask) -> bool:
    """Tell whether task instances wait only for tasks upstream."""
    return {reason.name for reason in group.reasons} <= {
        TriggerRuleDep.NAME,
        MAPPED_UPSTREAM,
        MappedTaskIsExpanded.NAME,
    }
