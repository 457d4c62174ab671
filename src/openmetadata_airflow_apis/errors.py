"""Every error that this package raises on purpose. They carry data and know no HTTP.

The tree::

    ManagedDagsError
    ├── ConfigurationError           the installation is at fault: an operator must act
    ├── InvalidRequest               the caller's words are at fault
    │   ├── MissingArguments
    │   ├── InvalidArgument
    │   ├── IdempotencyKeyReused
    │   ├── OperationNotNamed
    │   ├── UnknownOperation
    │   ├── InvalidBody              a JSON document that does not fit its schema: every fault
    │   │   └── InvalidDefinition    a workflow definition that cannot become a DAG: every fault
    │   ├── MalformedBody            not JSON at all, or not safe JSON
    │   ├── BodyTooLarge
    │   └── UnsupportedMediaType
    ├── NotFound
    │   ├── DagNotFound
    │   ├── DagVersionNotFound
    │   ├── BundleNotFound
    │   ├── DagRunNotFound
    │   ├── TaskNotFound
    │   └── TaskLogNotFound
    ├── Conflict                     the request is right, the present state is against it
    │   ├── IdempotencyKeyInUse
    │   ├── BundleConflict           workflows of a bundle that may not become its own: each of them
    │   ├── DagExists
    │   ├── DiffersInCase
    │   ├── NotDeployedHere
    │   ├── DagIsRunning
    │   ├── DagHasImportErrors
    │   ├── ImportFailed
    │   ├── ScheduleFails
    │   ├── DagRunExists
    │   ├── NothingFailed
    │   ├── NothingToRestart
    │   ├── NothingRunning
    │   ├── TooManyRuns
    │   ├── TaskIsStopping
    │   └── TaskNotStoppable
    ├── PreconditionFailed           something else is deployed than the caller's headers ask for
    ├── NotSignedIn                  no credentials, or bad ones
    ├── NotAllowed                   good credentials that may not do this
    ├── LoginUnsupported             this Airflow has no password login of that kind
    ├── TooManyTries
    ├── DamagedDocument              a deployed DAG's file is torn, edited by hand, unreadable, or of another version
    ├── DagNotBuilt                  a definition, however well formed, is refused by this Airflow or its operators
    └── Unavailable                  a store does not answer; trying again later may help
        ├── OutcomeUnknown           it has not said whether it took a change: look before trying again
        └── StorageFull
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


# A deploy leaves a file that is not as it was written: somebody's work may be in it.
MOVE_AND_DEPLOY = "move the file away and deploy the workflow again, or put back what was deployed"


class Fault(NamedTuple):  # a dataclass costs each DAG file 2 ms of import
    """One thing that is wrong with a JSON document.

    pointer: an RFC 6901 JSON pointer into the document as the caller sent it ("" is the whole of it).
    detail: a sentence that says what is wrong and, where it can, what would be right.
    line, column: in a file, where it stands, from 1, where that can be told.
    """

    pointer: str
    detail: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.detail}"


class ManagedDagsError(Exception):
    """The root of the tree: str() of it is a sentence for the caller."""


class ConfigurationError(ManagedDagsError):
    """An option of [openmetadata_airflow_apis] or the installation itself is wrong; cure: what to do, if told apart."""

    def __init__(self, reason: str, *, cure: str = "") -> None:
        self.reason = reason
        self.cure = cure
        super().__init__(f"{reason}; {cure}" if cure else reason)


class InvalidRequest(ManagedDagsError):
    """The caller sent something that cannot be acted on."""


class MissingArguments(InvalidRequest):
    """Required arguments were not given."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        super().__init__(f"The argument(s) {self.names} are required")


class InvalidArgument(InvalidRequest):
    """An argument was given whose value cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The argument '{name}' {reason}")


class IdempotencyKeyReused(InvalidRequest):
    """An Idempotency-Key came with another request than the first time."""

    def __init__(self) -> None:
        super().__init__(
            "The Idempotency-Key was sent with another request before; nothing was changed, give each request its own"
        )


class OperationNotNamed(InvalidRequest):
    """The old door was called without saying which operation is meant."""

    def __init__(self) -> None:
        super().__init__("API should be provided")


class UnknownOperation(InvalidRequest):
    """The old door was asked for an operation that it does not have.

    place: the operation's own, if there is one. near: the operation that may have been meant.
    """

    def __init__(self, name: str, *, place: str | None = None, near: str | None = None) -> None:
        self.name = name
        self.place = place
        cure = f" here; it is at {place}" if place else f"; did you mean '{near}'?" if near else ""
        super().__init__(f"API '{name}' was not found{cure}")


class InvalidBody(InvalidRequest):
    """A JSON body does not fit its schema; `faults` has every fault, in document order."""

    what = "The request body is not valid"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{self.what}: " + "; ".join(str(fault) for fault in self.faults))


class InvalidDefinition(InvalidBody):
    """A workflow definition cannot become a DAG; `faults` has every fault found."""

    what = "The workflow definition is not valid"


class MalformedBody(InvalidRequest):
    """A body is not UTF-8 JSON, or is JSON that two readers could understand differently."""


class BodyTooLarge(InvalidRequest):
    """A body is larger than the configured limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"The request body is larger than {limit} bytes; "
            "an operator can raise [openmetadata_airflow_apis] max_body_bytes"
        )


class UnsupportedMediaType(InvalidRequest):
    """A body came with a content type that the operation does not read."""


class NotFound(ManagedDagsError):
    """What the caller named does not exist (or may not be seen)."""


class DagNotFound(NotFound):
    """No DAG has this dag_id."""

    def __init__(self, dag_id: str) -> None:
        self.dag_id = dag_id
        super().__init__(f"The DAG with dag_id: `{dag_id}` was not found")


class DagVersionNotFound(NotFound):
    """The DAG has no version of this number; oldest, newest: the numbers that it has, 0 for none."""

    def __init__(self, dag_id: str, version_number: int, *, oldest: int, newest: int) -> None:
        self.dag_id = dag_id
        self.version_number = version_number
        has = f"it has {oldest} to {newest}" if newest else "it has none"
        super().__init__(f"The version {version_number} of the DAG `{dag_id}` was not found; {has}")


class BundleNotFound(NotFound):
    """No DAG that the caller may read belongs to a bundle of this name."""

    def __init__(self, bundle_name: str) -> None:
        self.bundle_name = bundle_name
        super().__init__(f"The bundle `{bundle_name}` was not found: no DAG belongs to it")


class DagRunNotFound(NotFound):
    """The DAG has no run with this run_id; others: further run_ids that were asked for and are not there."""

    def __init__(self, dag_id: str, run_id: str, *, others: Sequence[str] = ()) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.others = tuple(others)
        few = ", ".join(f"`{other}`" for other in others[:9])
        more = f" and {len(others) - 9} more" if len(others) > 9 else ""
        also = f", nor were {few}{more}; nothing was changed" if others else ""
        super().__init__(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found{also}")


class TaskNotFound(NotFound):
    """The run has no such task; run_id is None where no run was looked at, map_index where one was asked for."""

    def __init__(self, dag_id: str, task_id: str, *, run_id: str | None = None, map_index: int | None = None) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.run_id = run_id
        self.map_index = map_index
        where = f"the DagRun `{run_id}` of the DAG" if run_id is not None else "the DAG"
        index = f" at map_index {map_index}" if map_index is not None else ""
        super().__init__(f"The task with task_id: `{task_id}`{index} was not found in {where} `{dag_id}`")


class TaskLogNotFound(NotFound):
    """A try of a task instance (0: it had none) has no log that can be found; reason: a sentence's end, why."""

    def __init__(self, dag_id: str, run_id: str, task_id: str, try_number: int, *, reason: str) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.task_id = task_id
        self.try_number = try_number
        which = f"Try {try_number} of the task" if try_number else "The task"
        super().__init__(f"{which} `{task_id}` in the DagRun `{run_id}` of the DAG `{dag_id}` has no log: {reason}")


class Conflict(ManagedDagsError):
    """The request is understood, and the present state does not allow it."""


class IdempotencyKeyInUse(Conflict):
    """The first request with this Idempotency-Key is under way."""

    def __init__(self) -> None:
        super().__init__(
            "The first request with this Idempotency-Key is still under way; send it again in a moment for its answer"
        )


class BundleConflict(Conflict):
    """Workflows of a bundle may not become its own; `faults` has each with what is against it."""

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
    """A DAG of the same dag_id but for upper and lower case is deployed: many disks would take them for one."""

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
        super().__init__(f"The DAG `{dag_id}` has {running} running task instance(s); kill or await them, then delete")


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

    import_error: the import error's text. outcome: a sentence's end, what is deployed now.
    """

    def __init__(self, dag_id: str, import_error: str, outcome: str) -> None:
        self.dag_id = dag_id
        self.import_error = import_error
        reason = import_error.strip().partition("\n")[0]
        super().__init__(f"The file of the DAG `{dag_id}` does not import ({reason}); {outcome}")


class ScheduleFails(Conflict):
    """A run was asked for of a DAG whose schedule, or the code of its timetable, fails over it.

    reason: what was asked of the schedule and what came of it.
    """

    def __init__(self, dag_id: str, schedule: str, reason: str) -> None:
        self.dag_id = dag_id
        self.schedule = schedule
        super().__init__(
            f"The schedule `{schedule}` of the DAG `{dag_id}` {reason}; mend the DAG's schedule, or the code of its "
            "timetable, and try again"
        )


class DagRunExists(Conflict):
    """A run_id is taken or, where one is given, a logical date, by the run with this run_id."""

    def __init__(self, dag_id: str, run_id: str, *, logical_date: datetime | None = None) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        of_that_date = "" if logical_date is None else f" and the logical date {logical_date.isoformat()}"
        cure = "run_id, or leave it out" if logical_date is None else "logical_date"
        super().__init__(
            f"A DagRun with run_id: `{run_id}`{of_that_date} of the DAG `{dag_id}` already exists; give another {cure}"
        )


def _of_runs(dag_id: str, run_ids: Sequence[str], what: str) -> str:
    """Return the sentence that the runs that an operation was to change have nothing of what it changes."""
    if len(run_ids) == 1:
        return f"The DagRun `{run_ids[0]}` of the DAG `{dag_id}` has no {what}"
    if run_ids:
        return f"None of the {len(run_ids)} chosen DagRuns of the DAG `{dag_id}` has any {what}"
    return f"No DagRun of the DAG `{dag_id}` has the states and the logical date that were asked for"


class NothingFailed(Conflict):
    """A restart met runs without failed task instances; run_ids: none where no run was chosen.

    task_ids: the tasks that were chosen of the run, none of which has failed.
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
    """More runs fit a choice than may be changed at once."""

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


class PreconditionFailed(ManagedDagsError):
    """The header If-Match or If-None-Match asks for something else than what is deployed (None: nothing is)."""

    def __init__(self, dag_id: str, header: str, revision: str | None) -> None:
        self.dag_id = dag_id
        self.revision = revision
        deployed = "nothing is deployed under that name" if revision is None else f'"{revision}" is deployed'
        super().__init__(
            f"The DAG `{dag_id}` is not as {header} asks: {deployed}; nothing was changed, look at it and decide anew"
        )


class NotSignedIn(ManagedDagsError):
    """No credentials came with the request, or bad ones; str() says which, and what to do.

    msg: what the older plugin's callers read, which is the same unless that plugin had a sentence of its own.
    """

    def __init__(self, reason: str, cure: str, *, msg: str | None = None) -> None:
        super().__init__(f"{reason}; {cure}")
        self.msg = msg if msg is not None else str(self)


class NotAllowed(ManagedDagsError):
    """The user may not do this; str() names the permission that is missing."""


class LoginUnsupported(ManagedDagsError):
    """Password login is not to be had: another provider, or another auth manager, is configured.

    by_auth_manager: True where Airflow's auth manager has no password login at all.
    """

    def __init__(self, message: str, *, by_auth_manager: bool = False) -> None:
        self.by_auth_manager = by_auth_manager
        super().__init__(message)


class TooManyTries(ManagedDagsError):
    """Logins come faster than the configured limit; retry_after is in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Too many login attempts; try again in {retry_after} seconds")


class DamagedDocument(ManagedDagsError):
    """A file of a deployed DAG is not as a deploy wrote it; str() names the file and the cure in one line."""

    def __init__(self, path: str, reason: str, *, cure: str = MOVE_AND_DEPLOY) -> None:
        self.path = path
        self.reason = reason
        self.cure = cure
        super().__init__(f"{path}: {reason}; {cure}")


class DagNotBuilt(ManagedDagsError):
    """A definition cannot become a DAG here.

    place: the path of keys and indexes in the canonical definition, such as ("tasks", 3, "arguments", "pool").
    where: the same in an author's words, such as "task `load`, `pool`", as soon as the definition is at hand.
    """

    def __init__(self, place: tuple[str | int, ...], reason: str) -> None:
        self.place = place
        self.where = ""
        self.reason = reason
        super().__init__(reason)

    def reword(self, where: str, reason: str) -> None:
        """Change what str() says to "where: reason"."""
        self.where = where
        self.reason = reason
        self.args = (f"{where}: {reason}" if where else reason,)


class Unavailable(ManagedDagsError):
    """A store that the operation needs does not answer now; nothing was changed, unless str() says otherwise."""


class OutcomeUnknown(Unavailable):
    """The answer to a change was lost, and it can't be told whether it was made; str() says what to look at."""


class StorageFull(Unavailable):
    """There is no room to write; what was there is untouched."""
