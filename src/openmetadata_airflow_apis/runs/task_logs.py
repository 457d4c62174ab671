"""The log of one try of a task instance: a part of it, the last lines, or all of it, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from openmetadata_airflow_apis.airflow_versions.run_history import task_instance_history
from openmetadata_airflow_apis.airflow_versions.try_logs import latest_try
from openmetadata_airflow_apis.errors import InvalidArgument, TaskLogNotFound, TaskNotFound
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run
from openmetadata_airflow_apis.runs.log_readers import LogMissing, Text
from openmetadata_airflow_apis.runs.log_sources import open_log, readable_task_instances
from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED, TI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.log_readers import LogReader

# The largest part of a log that one answer holds, unless the log is streamed.
PAGE_BYTES = 1024 * 1024
# How long a log store may take before the answer says that it does not respond.
_SECONDS = 30
_NOT_RUN = frozenset({"skipped", "upstream_failed", "removed"})


@dataclass(frozen=True)
class LogPage:
    """A part of a log.

    offset: where content begins, in bytes of the log; next_offset: where it ends. end_of_log: nothing more comes.
    """

    offset: int
    next_offset: int
    end_of_log: bool
    content: str


@dataclass(frozen=True)
class OpenLog:
    """The log of one try, opened for reading. try_number: which; ended: whether that try is over."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    state: str | None
    hostname: str | None
    ended: bool
    reader: LogReader

    def about(self) -> dict[str, Any]:
        """Return the fields that name the log, and the state and host of its try."""
        names = ("dag_id", "run_id", "task_id", "map_index", "try_number", "state", "hostname")
        return {name: getattr(self, name) for name in names}

    def chunks(self, offset: int = 0) -> Iterator[bytes]:
        """Return the bytes from offset on, in pieces; the first piece is read before this returns."""
        chunks = self.reader.chunks(offset)
        return chain([next(chunks, b"")], chunks)

    def page(self, offset: int = 0) -> LogPage:
        """Return at most PAGE_BYTES from offset on, ending with a whole character."""
        first_bytes = bytearray()
        for chunk in self.reader.chunks(offset):
            first_bytes += chunk
            if len(first_bytes) > PAGE_BYTES:
                break
        more = len(first_bytes) > PAGE_BYTES
        page = bytes(first_bytes[:PAGE_BYTES])
        if more or not self.ended:
            page = _whole_characters(page)
        return LogPage(offset, offset + len(page), self.ended and not more, page.decode("utf-8", "replace"))

    def last_lines(self, number: int) -> LogPage:
        """Return the last lines, at most PAGE_BYTES of them."""
        size = self.reader.size()
        lines = _last_lines(self.reader.tail(PAGE_BYTES), number)
        if not self.ended:
            shown = _whole_characters(lines)
            size -= len(lines) - len(shown)
            lines = shown
        return LogPage(max(size - len(lines), 0), size, self.ended, lines.decode("utf-8", "replace"))


def open_task_log(
    dag_id: str,
    run_id: str,
    task_id: str,
    *,
    map_index: int | None = None,
    try_number: int | None = None,
    session: Session,
) -> OpenLog:
    """Open the log of one try of a task instance, the latest if none is named.

    A try that has not begun, or has not written anything yet, has an empty log. Raises DagNotFound, DagRunNotFound,
    TaskNotFound, TaskLogNotFound, InvalidArgument, and Unavailable if a log store does not answer.
    """
    find_run(dag_id, run_id, session=session)
    row = _task_instance(dag_id, run_id, task_id, map_index, session=session)
    latest = latest_try(row.try_number, row.state)
    chosen_try = latest if try_number is None else try_number
    if chosen_try > latest or chosen_try < min(latest, 1):
        tries = "has not been tried yet" if not latest else f"has had {latest} {'try' if latest == 1 else 'tries'}"
        raise InvalidArgument("try_number", f"is {chosen_try}; the task {tries}")
    task_instance = readable_task_instances(dag_id, run_id, [(task_id, row.map_index)], session=session)[
        task_id, row.map_index
    ]
    if chosen_try < latest:
        # The object describes the latest try, which would send the log handler to the wrong host.
        task_instance.state = "failed"
        task_instance.hostname = _former_host(row, chosen_try, session=session) or task_instance.hostname
    try_is_over = chosen_try < latest or row.state in FINISHED or row.state in {None, "up_for_retry"}
    log = OpenLog(
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=row.map_index,
        try_number=chosen_try,
        state=task_instance.state,
        hostname=task_instance.hostname or None,
        ended=try_is_over and (latest > 0 or row.state in FINISHED),
        reader=Text(""),
    )
    try:
        if latest:
            return replace(log, reader=open_log(task_instance, chosen_try, seconds=_SECONDS))
        missing = "it was not run"
    except LogMissing as error:
        missing = str(error)
    if not log.ended:
        return log  # it begins later
    reason = f"it is {row.state} and was not run" if row.state in _NOT_RUN else missing
    raise TaskLogNotFound(dag_id, run_id, task_id, chosen_try, reason=reason)


def _task_instance(dag_id: str, run_id: str, task_id: str, map_index: int | None, *, session: Session) -> Row:
    is_asked_for = (TI.c.dag_id == dag_id) & (TI.c.run_id == run_id) & (TI.c.task_id == task_id)
    if map_index is not None:
        is_asked_for &= TI.c.map_index == map_index
    columns = (TI.c.dag_id, TI.c.run_id, TI.c.task_id, TI.c.map_index, TI.c.state, TI.c.try_number)
    rows = session.execute(select(*columns).where(is_asked_for).order_by(TI.c.map_index).limit(2)).all()
    if not rows:
        raise TaskNotFound(dag_id, task_id, run_id=run_id, map_index=map_index)
    if len(rows) > 1:
        last = session.execute(select(func.max(TI.c.map_index)).where(is_asked_for)).scalar_one()
        raise InvalidArgument("map_index", f"is missing: `{task_id}` is mapped; give one from 0 to {last}")
    return rows[0]


def _former_host(row: Row, try_number: int, *, session: Session) -> str | None:
    history: Any = task_instance_history()
    if history is None:
        return None
    return session.execute(
        select(history.c.hostname).where(
            history.c.dag_id == row.dag_id,
            history.c.run_id == row.run_id,
            history.c.task_id == row.task_id,
            history.c.map_index == row.map_index,
            history.c.try_number == try_number,
        )
    ).scalar()


def _last_lines(text: bytes, number: int) -> bytes:
    """Return the last lines, with their line ends."""
    position = len(text.rstrip(b"\n")) if text.endswith(b"\n") else len(text)
    for _ in range(number):
        position = text.rfind(b"\n", 0, position)
        if position < 0:
            return text
    return text[position + 1 :]


def _whole_characters(text: bytes) -> bytes:
    """Return a text without the incomplete UTF-8 character that it may end with."""
    for back in range(1, min(len(text), 4)):
        byte = text[-back]
        if byte >= 0xC0:  # the first of several bytes
            character_bytes = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return text[:-back] if back < character_bytes else text
        if byte < 0x80:
            break
    return text
