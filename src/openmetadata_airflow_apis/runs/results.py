"""What the verbs of this room answer: frozen dataclasses in Airflow's words, dates with a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.runs.task_instance_rows import WITH_PROCESS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Row


@dataclass(frozen=True)
class RunState:
    """A DagRun as it is now."""

    dag_id: str
    run_id: str
    state: str | None
    run_type: str
    external_trigger: bool
    logical_date: datetime
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    conf: dict[str, Any]
    note: str | None

    @property
    def has_ended(self) -> bool:
        """Whether it is in one of the states that Airflow calls finished."""
        return self.state in ("success", "failed")


@dataclass(frozen=True)
class TriggeredRun(RunState):
    """A DagRun just created, or planned.

    is_paused: its DAG is paused, and the run waits in state queued until it is not. dry_run: there is no such run.
    task_instances: those that it would begin with; None for a run that was created.
    """

    is_paused: bool
    dry_run: bool = False
    task_instances: tuple[TouchedTaskInstance, ...] | None = None


@dataclass(frozen=True)
class TaskInstanceDetail:
    """A task instance as it is now, or all task instances of a mapped task taken together.

    map_index: -1 for a task that is not mapped; None if several are taken together. Then state is the one
    that Airflow's grid would show, start_date the first, end_date the last, try_number and max_tries the
    largest, and what differs between them (hostname, pid, operator and so on) is None.
    count: how many task instances this describes. duration: seconds.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None
    count: int
    state: str | None
    logical_date: datetime
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    try_number: int | None
    max_tries: int | None
    hostname: str | None = None
    pid: int | None = None
    operator: str | None = None
    pool: str | None = None
    queue: str | None = None
    queued_when: datetime | None = None


@dataclass(frozen=True)
class TouchedTaskInstance:
    """A task instance that an operation changed, or would change.

    job_id, hostname, pid: the LocalTaskJob and the process, if a process was running; otherwise None.
    """

    task_id: str
    map_index: int
    state_before: str | None
    state_after: str | None
    job_id: int | None = None
    hostname: str | None = None
    pid: int | None = None


@dataclass(frozen=True)
class ChangedRun:
    """What an operation did to one DagRun.

    state: the run's state now. task_instances: those touched, by task_id and map_index.
    dry_run: nothing was changed; the rest says what would have been.
    """

    dag_id: str
    run_id: str
    logical_date: datetime
    state: str | None
    task_instances: tuple[TouchedTaskInstance, ...]
    dry_run: bool = False


@dataclass(frozen=True)
class KilledRun(ChangedRun):
    """What kill_running did."""


@dataclass(frozen=True)
class SkippedTask(ChangedRun):
    """What skip_task_instance did."""


@dataclass(frozen=True)
class SucceededTask(ChangedRun):
    """What succeed_task_instance did."""


@dataclass(frozen=True)
class RestartedRun(ChangedRun):
    """What restart_failed did; task_instances are those cleared, the failed ones included."""

    failed_task_count: int = 0

    @property
    def clear_task_count(self) -> int:
        """How many task instances were cleared."""
        return len(self.task_instances)


@dataclass(frozen=True)
class UntouchedRun:
    """A DagRun that was chosen to be changed, but in which there was nothing to change."""

    dag_id: str
    run_id: str
    logical_date: datetime
    state: str | None


@dataclass(frozen=True)
class KilledRuns:
    """What kill_dag_runs did.

    dag_runs: those killed; untouched: those with nothing unfinished. Both in the order in which they were created.
    """

    dag_id: str
    dag_runs: tuple[KilledRun, ...]
    untouched: tuple[UntouchedRun, ...]
    dry_run: bool = False


@dataclass(frozen=True)
class RestartedRuns:
    """What restart_dag_runs did.

    dag_runs: those restarted; untouched: those with nothing failed. Both in the order in which they were created.
    """

    dag_id: str
    dag_runs: tuple[RestartedRun, ...]
    untouched: tuple[UntouchedRun, ...]
    dry_run: bool = False

    @property
    def failed_task_count(self) -> int:
        """How many of the task instances that were cleared had failed."""
        return sum(run.failed_task_count for run in self.dag_runs)

    @property
    def clear_task_count(self) -> int:
        """How many task instances were cleared."""
        return sum(run.clear_task_count for run in self.dag_runs)


@dataclass(frozen=True)
class PartialRun(ChangedRun):
    """What run_partial created: task_instances are all of the new run's; state_after None is one that will run."""

    is_paused: bool = False


def touched(row: Row, state_after: str | None) -> TouchedTaskInstance:
    """Return the TouchedTaskInstance for a row that `find` returned."""
    had_process = row.state in WITH_PROCESS
    return TouchedTaskInstance(
        task_id=row.task_id,
        map_index=row.map_index,
        state_before=row.state,
        state_after=state_after,
        job_id=row.job_id if had_process else None,
        hostname=(row.hostname or None) if had_process else None,
        pid=row.pid if had_process else None,
    )
