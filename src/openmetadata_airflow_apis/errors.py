"""The errors that this package raises on purpose. They carry data and know no HTTP.

The kinds of Conflict are in conflict_errors.py, which a parse does not import. The tree of all::

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


# A deploy does not overwrite a file that was changed since it was written: somebody's work may be in it.
MOVE_AND_DEPLOY = "move the file away and deploy the workflow again, or put back what was deployed"


class Fault(NamedTuple):  # a dataclass costs each DAG file 2 ms of import
    """One thing that is wrong with a JSON document.

    pointer: an RFC 6901 JSON pointer into the document as the caller sent it ("" is the whole of it).
    detail: a sentence that says what is wrong and, where it can, what would be right.
    line, column: its place in a file, from 1, if that is known.
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
    """An option of [openmetadata_airflow_apis] or the installation is wrong; cure: if the reason does not say it."""

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

    place: where else the operation is, if anywhere. near: the operation that may have been meant.
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
    """The DAG has no run with this run_id; others: further run_ids that were asked for and don't exist."""

    def __init__(self, dag_id: str, run_id: str, *, others: Sequence[str] = ()) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.others = tuple(others)
        few = ", ".join(f"`{other}`" for other in others[:9])
        more = f" and {len(others) - 9} more" if len(others) > 9 else ""
        also = f", nor were {few}{more}; nothing was changed" if others else ""
        super().__init__(f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found{also}")


class TaskNotFound(NotFound):
    """The run has no such task; run_id: None if no run was looked at. map_index: if one was asked for."""

    def __init__(self, dag_id: str, task_id: str, *, run_id: str | None = None, map_index: int | None = None) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.run_id = run_id
        self.map_index = map_index
        where = f"the DagRun `{run_id}` of the DAG" if run_id is not None else "the DAG"
        index = f" at map_index {map_index}" if map_index is not None else ""
        super().__init__(f"The task with task_id: `{task_id}`{index} was not found in {where} `{dag_id}`")


class TaskLogNotFound(NotFound):
    """A try of a task instance (0: it had none) has no log that can be found; reason: the end of the sentence."""

    def __init__(self, dag_id: str, run_id: str, task_id: str, try_number: int, *, reason: str) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.task_id = task_id
        self.try_number = try_number
        which = f"Try {try_number} of the task" if try_number else "The task"
        super().__init__(f"{which} `{task_id}` in the DagRun `{run_id}` of the DAG `{dag_id}` has no log: {reason}")


class Conflict(ManagedDagsError):
    """The request is understood, and the present state does not allow it; conflict_errors.py has the kinds."""


class PreconditionFailed(ManagedDagsError):
    """The header If-Match or If-None-Match asks for something else than the deployed revision (None: nothing is)."""

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
    """Password login is not available: another provider, or another auth manager, is configured.

    by_auth_manager: True if Airflow's auth manager has no password login at all.
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
    """There is no room to write; what was there before is untouched."""
