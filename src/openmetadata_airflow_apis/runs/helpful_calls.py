"""The calls that would help a run: which operation, with which arguments, and what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.ti_deps.deps.dag_unpaused_dep import DagUnpausedDep
from airflow.ti_deps.deps.pool_slots_available_dep import PoolSlotsAvailableDep
from airflow.ti_deps.deps.prev_dagrun_dep import PrevDagrunDep

from openmetadata_airflow_apis.runs.explanation_results import HelpfulCall
from openmetadata_airflow_apis.runs.run_reasons import MAX_ACTIVE_RUNS, SCHEDULER_HEARTBEAT
from openmetadata_airflow_apis.runs.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Row

    from openmetadata_airflow_apis.runs.depends_on_past import PastRun
    from openmetadata_airflow_apis.runs.explanation_results import TaskFailure, WaitingReason, WaitingTask
    from openmetadata_airflow_apis.runs.scheduling_facts import SchedulingFacts

TRIGGERER_HEARTBEAT = "Triggerer Heartbeat"


def helpful_calls(
    run: Row,
    *,
    failures: Sequence[TaskFailure],
    run_reasons: Sequence[WaitingReason],
    waiting: Sequence[WaitingTask],
    facts: SchedulingFacts | None,
    past: PastRun | None,
    pools: Mapping[str, int],
) -> Iterator[HelpfulCall]:
    """Yield the calls that may help a run. pools: the full ones, each with the size that lets one more task start."""
    run_arguments = {"dag_id": run.dag_id, "run_id": run.run_id}
    reason_names = {reason.name for reason in run_reasons} | {
        reason.name for task in waiting for reason in task.reasons
    }
    if failures:
        yield from _after_failure(run_arguments, failures)
    if DagUnpausedDep.NAME in reason_names:
        yield HelpfulCall(
            "patch_dag", {"dag_id": run.dag_id}, "Unpauses the DAG; its runs then go on.", {"is_paused": False}
        )
    if MAX_ACTIVE_RUNS in reason_names and facts is not None:
        oldest_run_id = facts.active_runs[0]
        yield HelpfulCall(
            "explain_dag_run",
            {"dag_id": run.dag_id, "run_id": oldest_run_id},
            "Tells what the run waits for that has been under way longest.",
        )
        yield HelpfulCall(
            "kill_running_tasks",
            {"dag_id": run.dag_id, "run_id": oldest_run_id},
            "Ends that run, and makes room for this one.",
        )
    if PrevDagrunDep.NAME in reason_names and past is not None and past.run is not None:
        run_before = {"dag_id": run.dag_id, "run_id": past.run.run_id}
        yield HelpfulCall("explain_dag_run", run_before, "Tells why the run before failed, or what it waits for.")
        if past.run.state == "failed":
            yield HelpfulCall("restart_failed_task", run_before, "Runs again what failed in the run before.")
    if PoolSlotsAvailableDep.NAME in reason_names:
        for pool, slots in sorted(pools.items()):
            yield HelpfulCall(
                "patch_pool",
                {"pool_name": pool, "update_mask": "slots"},
                f"Gives the pool `{pool}` {counted(slots, 'slot')}, which lets one more task of this run start.",
                {"name": pool, "slots": slots},
            )
    if reason_names & {SCHEDULER_HEARTBEAT, TRIGGERER_HEARTBEAT}:
        yield HelpfulCall("health", {}, "Tells whether the scheduler is heard of again, once somebody has started it.")


def _after_failure(run_arguments: dict[str, Any], failures: Sequence[TaskFailure]) -> Iterator[HelpfulCall]:
    first = failures[0]
    task_arguments: dict[str, Any] = {**run_arguments, "task_id": first.task_id}
    if first.map_index >= 0:
        task_arguments["map_index"] = first.map_index
    if first.try_number > 0:  # a task instance that was killed before its first try has no log
        yield HelpfulCall(
            "task_log",
            {**task_arguments, "try_number": first.try_number},
            f"Shows all of the log of `{first.task_id}`.",
        )
    if any(failure.state == "failed" for failure in failures):
        yield HelpfulCall(
            "restart_failed_task",
            run_arguments,
            "Runs again what failed, with everything downstream, once the cause is mended.",
        )
        yield HelpfulCall(
            "skip_task_instance", task_arguments, f"Goes on without `{first.task_id}`, where that will do."
        )
        yield HelpfulCall(
            "succeed_task_instance",
            task_arguments,
            f"Goes on as if `{first.task_id}` had succeeded, where its work is done.",
        )
