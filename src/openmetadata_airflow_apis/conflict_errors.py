"""The conflicts: a request is understood, but the present state of a DAG or of its runs does not allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from openmetadata_airflow_apis.errors import Fault


class IdempotencyKeyInUse(Conflict):
    """The first request with this Idempotency-Key is under way."""

    def __init__(self) -> None:
        super().__init__(
            "The first request with this Idempotency-Key is still under way; send it again in a moment for its answer"
        )


class BundleConflict(Conflict):
    """Workflows of a bundle may not become its own; `faults` has each of them with the reason."""

    def __init__(self, bundle_name: str, faults: Iterable[Fault]) -> None:
        self.bundle_name = bundle_name
        self.faults = tuple(faults)
        super().__init__(
            f"The bundle `{bundle_name}` can't be applied, and nothing was changed: "
            + "; ".join(str(fault) for fault in self.faults)
        )


class DagExists(Conflict):
    """A deploy without force met a workflow that is deployed already."""

    def __init__(self, dag_id: str, *, host: str) -> None:
        self.dag_id = dag_id
        self.host = host
        super().__init__(f"The workflow `{dag_id}` is deployed already; send force: true to replace it")


class DiffersInCase(Conflict):
    """A deployed DAG's dag_id differs only in upper and lower case: many disks would take their files for one."""

    def __init__(self, dag_id: str, deployed: str) -> None:
        self.dag_id = dag_id
        self.deployed = deployed
        super().__init__(
            f"The dag_id `{dag_id}` differs from that of the deployed DAG `{deployed}` in upper and lower case alone, "
            f"and many disks would take their files for one; write `{deployed}`, or another name"
        )


class NotDeployedHere(Conflict):
    """The dag_id or the file belongs to something that this product did not deploy."""

    def __init__(
        self, dag_id: str, place: str, *, cure: str = "change it where it came from, or deploy under another name"
    ) -> None:
        self.dag_id = dag_id
        self.place = place
        super().__init__(f"The DAG `{dag_id}` was not deployed through this API ({place}) and is left as it is; {cure}")


class DagIsRunning(Conflict):
    """A delete met running task instances."""

    def __init__(self, dag_id: str, running: int) -> None:
        self.dag_id = dag_id
        self.running = running
        instances, them = ("task instance", "it") if running == 1 else ("task instances", "them")
        super().__init__(f"The DAG `{dag_id}` has {running} running {instances}; kill or await {them}, then delete")


class DagHasImportErrors(Conflict):
    """A run was asked for of a DAG whose file does not import; reason: the import error's sentence, if it is known."""

    def __init__(self, dag_id: str, reason: str | None = None) -> None:
        self.dag_id = dag_id
        self.reason = reason
        why = f" ({reason})" if reason else ""
        super().__init__(
            f"The DAG `{dag_id}` has import errors and cannot be run{why}; mend its file or deploy it anew"
        )


class ImportFailed(Conflict):
    """A deploy was taken back, since its file does not import.

    import_error: the import error's text. outcome: the end of the sentence, which says what is deployed now.
    """

    def __init__(self, dag_id: str, import_error: str, outcome: str) -> None:
        self.dag_id = dag_id
        self.import_error = import_error
        reason = import_error.strip().partition("\n")[0]
        super().__init__(f"The file of the DAG `{dag_id}` does not import ({reason}); {outcome}")


class ScheduleFails(Conflict):
    """The schedule of a DAG, or the code of its timetable, fails for a run that was asked for.

    reason: how it fails, as the middle of a sentence.
    """

    def __init__(self, dag_id: str, schedule: str, reason: str) -> None:
        self.dag_id = dag_id
        self.schedule = schedule
        super().__init__(
            f"The schedule `{schedule}` of the DAG `{dag_id}` {reason}; mend the DAG's schedule, or the code of its "
            "timetable, and try again"
        )


class DagRunExists(Conflict):
    """The run with this run_id exists already; logical_date: given if the run was only asked for with the same date."""

    def __init__(self, dag_id: str, run_id: str, *, logical_date: datetime | None = None) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        of_that_date = "" if logical_date is None else f" and the logical date {logical_date.isoformat()}"
        cure = "run_id, or leave it out" if logical_date is None else "logical_date"
        super().__init__(
            f"A DagRun with run_id: `{run_id}`{of_that_date} of the DAG `{dag_id}` already exists; give another {cure}"
        )


def _of_runs(dag_id: str, run_ids: Sequence[str], what: str) -> str:
    """Return the sentence which says that none of the runs has `what` an operation was to change."""
    if len(run_ids) == 1:
        return f"The DagRun `{run_ids[0]}` of the DAG `{dag_id}` has no {what}"
    if run_ids:
        return f"None of the {len(run_ids)} chosen DagRuns of the DAG `{dag_id}` has any {what}"
    return f"No DagRun of the DAG `{dag_id}` has the states and the logical date that were asked for"


class NothingFailed(Conflict):
    """A restart met runs without failed task instances; run_ids: empty if no run was chosen.

    task_ids: the chosen tasks of the run, none of which has failed.
    """

    def __init__(self, dag_id: str, *run_ids: str, task_ids: Iterable[str] | None = None) -> None:
        self.dag_id = dag_id
        self.run_ids = run_ids
        of_tasks = ""
        if task_ids is not None:
            names = ", ".join(f"`{task_id}`" for task_id in task_ids)
            of_tasks = f" of {names}; `only_failed: false` restarts them whatever their state"
        super().__init__(_of_runs(dag_id, run_ids, "failed task instances") + of_tasks)


class NothingToRestart(Conflict):
    """A restart met a run (task_ids None), or chosen tasks, of which nothing has begun yet."""

    def __init__(self, dag_id: str, run_id: str, task_ids: Iterable[str] | None = None) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        what = "nothing" if task_ids is None else f"none of {', '.join(f'`{task_id}`' for task_id in task_ids)}"
        super().__init__(f"In the DagRun `{run_id}` of the DAG `{dag_id}` {what} has begun yet")


class NothingRunning(Conflict):
    """A kill met runs (task_id None) or a task, or one map_index of it, without unfinished task instances.

    run_ids: as for NothingFailed.
    """

    def __init__(self, dag_id: str, *run_ids: str, task_id: str | None = None, map_index: int | None = None) -> None:
        self.dag_id = dag_id
        self.run_ids = run_ids
        self.run_id = run_ids[0] if run_ids else None
        self.task_id = task_id
        self.map_index = map_index
        what = "unfinished task instances" if task_id is None else f"unfinished `{task_id}`"
        super().__init__(_of_runs(dag_id, run_ids, what if map_index is None else f"{what} at map_index {map_index}"))


class TooManyRuns(Conflict):
    """More runs match a choice than may be changed at once."""

    def __init__(self, dag_id: str, number: int, *, at_most: int) -> None:
        self.dag_id = dag_id
        self.number = number
        self.at_most = at_most
        super().__init__(
            f"{number} DagRuns of the DAG `{dag_id}` fit, and at most {at_most} are changed at once; choose fewer by "
            "logical date or by state, or an operator raises [openmetadata_airflow_apis] max_runs_at_once"
        )


class TaskIsStopping(Conflict):
    """A restart met a task instance whose last process has not ended; others: how many more there are like it."""

    def __init__(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int = -1,
        hostname: str | None,
        pid: int | None,
        others: int = 0,
    ) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.task_id = task_id
        self.map_index = map_index
        self.hostname = hostname
        self.pid = pid
        self.others = others
        index = f" at map_index {map_index}" if map_index >= 0 else ""
        more = f", like {others} more," if others else ""
        super().__init__(
            f"The last process of the task `{task_id}`{index} (host {hostname}, pid {pid}){more} has not ended yet "
            f"in the DagRun `{run_id}` of the DAG `{dag_id}`; nothing was changed, try again in a moment"
        )


class TaskNotStoppable(Conflict):
    """A task instance is in a state that the operation cannot change."""
