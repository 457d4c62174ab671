"""Why a run as a whole does not go on, and why it failed for reasons other than its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.settings import ALLOW_FUTURE_EXEC_DATES
from airflow.ti_deps.deps.dag_unpaused_dep import DagUnpausedDep
from airflow.ti_deps.deps.dagrun_backfill_dep import DagRunNotBackfillDep
from airflow.ti_deps.deps.dagrun_exists_dep import DagrunRunningDep
from airflow.ti_deps.deps.runnable_exec_date_dep import RunnableExecDateDep

from openmetadata_airflow_apis.runs.explanation_results import WaitingReason
from openmetadata_airflow_apis.runs.wording import counted, last_heard, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row

    from openmetadata_airflow_apis.runs.audit_log_evidence import RunEvents
    from openmetadata_airflow_apis.runs.scheduling_facts import SchedulingFacts

DAG_KNOWN = "Dag Known"
DAG_TIMEOUT = "Dagrun Timeout"
DEADLOCK = "Task Deadlock"
MAX_ACTIVE_RUNS = "Max Active Runs"
SCHEDULER_HEARTBEAT = "Scheduler Heartbeat"
SET_BY_HAND = "State Set By Hand"
_NAMED = 5


def waits_for(run: Row, dag: DAG | None, facts: SchedulingFacts) -> Iterator[WaitingReason]:
    """Yield why an unfinished run as a whole does not go on, by the rules of airflow.jobs.scheduler_job_runner."""
    row = facts.dag
    if row is None or dag is None:
        yield WaitingReason(DAG_KNOWN, "Airflow has no such DAG any more, or none that was parsed without an error.")
    elif not row.is_active:
        yield WaitingReason(
            DAG_KNOWN, "The DAG's file is gone, or holds the DAG no more: Airflow has it inactive, and runs none of it."
        )
    if row is not None and row.is_paused:
        yield WaitingReason(DagUnpausedDep.NAME, "The DAG is paused.")
    if run.run_type == "backfill":
        yield WaitingReason(
            DagRunNotBackfillDep.NAME,
            "The run is a backfill, which only the `airflow dags backfill` that made it runs.",
        )
    if run.state == "queued":
        yield from _of_queued(run, facts)
    if not facts.scheduler.alive:
        yield WaitingReason(SCHEDULER_HEARTBEAT, f"No scheduler is running: {last_heard(facts.scheduler.heartbeat)}.")


def _of_queued(run: Row, facts: SchedulingFacts) -> Iterator[WaitingReason]:
    limit = facts.dag.max_active_runs if facts.dag is not None else None
    if limit and len(facts.active_runs) >= limit:
        names = ", ".join(f"`{run_id}`" for run_id in facts.active_runs[:_NAMED])
        more = f" and {len(facts.active_runs) - _NAMED} more" if len(facts.active_runs) > _NAMED else ""
        yield WaitingReason(
            MAX_ACTIVE_RUNS,
            f"The DAG's max_active_runs is {limit}, and under way {'are' if limit > 1 else 'is'}: {names}{more}.",
        )
    if run.execution_date > facts.now and not ALLOW_FUTURE_EXEC_DATES:
        yield WaitingReason(RunnableExecDateDep.NAME, "The run's logical date is in the future.", run.execution_date)


def still_queued(run: Row) -> WaitingReason | None:
    """Return the reason of a queued run that waits for nothing else: the scheduler's next look. None if not queued."""
    if run.state != "queued":
        return None
    return WaitingReason(DagrunRunningDep.NAME, "The run is queued; the scheduler starts it at its next look.")


def failed_by(run: Row, dag: DAG | None, unfinished: int, events: RunEvents) -> Iterator[WaitingReason]:
    """Yield why a run failed, for reasons other than its tasks. unfinished: the number of unfinished task instances."""
    by_hand = events.by_hand(run.end_date)
    if by_hand is not None:
        yield WaitingReason(SET_BY_HAND, f"{by_hand.sentence} at {moment(by_hand.moment)}.")
        return
    timeout = dag.dagrun_timeout if dag is not None else None
    if timeout and run.start_date and run.end_date and run.end_date - run.start_date >= timeout:
        yield WaitingReason(
            DAG_TIMEOUT,
            f"The run took longer than the DAG's dagrun_timeout of {counted(timeout.total_seconds(), 'second')}; "
            "Airflow skips then what is unfinished.",
        )
    elif unfinished:
        yield WaitingReason(
            DEADLOCK,
            f"No task could start any more; unfinished were {unfinished}, which wait for what can't happen.",
        )
