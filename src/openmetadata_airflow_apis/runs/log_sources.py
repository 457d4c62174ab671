"""From where the log of a try is read: as Airflow's own log handler would, whichever is configured; in a given time."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from airflow.configuration import conf
from airflow.models.taskinstance import TaskInstance
from airflow.models.tasklog import LogTemplate
from airflow.models.trigger import Trigger
from airflow.utils.log.file_task_handler import FileTaskHandler, LogType
from airflow.utils.log.log_reader import TaskLogReader
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from openmetadata_airflow_apis.airflow_versions.try_logs import executors_log_reader
from openmetadata_airflow_apis.errors import Unavailable
from openmetadata_airflow_apis.runs.log_readers import (
    LocalFile,
    LogMissing,
    LogReader,
    Pieces,
    ServedFile,
    Text,
)
from openmetadata_airflow_apis.runs.merged_logs import interleaved
from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED, among, of_run
from openmetadata_airflow_apis.runs.work_with_deadline import NotInTime, done_in_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy.orm import Session

Result = TypeVar("Result")
# A store that has nothing new for the moment answers with an empty piece; the log ends after so many in a row
_EMPTY_PIECES = 2


def readable_task_instances(
    dag_id: str, run_id: str, keys: Collection[tuple[str, int]], *, session: Session
) -> dict[tuple[str, int], TaskInstance]:
    """Return Airflow's objects of some task instances of a run, by task_id and map_index, for open_log alone.

    They belong to no session, since log handlers open and close sessions of their own, and hold all that handlers
    read of them. Two statements.
    """
    if not keys:
        return {}
    query = select(TaskInstance).options(
        joinedload(TaskInstance.dag_run), joinedload(TaskInstance.trigger).joinedload(Trigger.triggerer_job)
    )
    task_instances = session.scalars(query.where(of_run(dag_id, run_id), among(keys))).unique().all()
    templates = {template.id: template for template in session.scalars(select(LogTemplate))}
    for task_instance in task_instances:
        session.expunge(task_instance)
    for run in {task_instance.dag_run for task_instance in task_instances}:
        session.expunge(run)
        template = templates.get(run.log_template_id) or templates[min(templates)]
        run.get_log_template = lambda session=None, template=template: template  # noqa: ARG005 - as Airflow calls it
    return {(task_instance.task_id, task_instance.map_index): task_instance for task_instance in task_instances}


def open_log(task_instance: TaskInstance, try_number: int, *, seconds: float) -> LogReader:
    """Return the log of one try; raise LogMissing if there is none, Unavailable if a store does not answer.

    task_instance: from readable_task_instances. seconds: how long finding and reading may take together.
    """
    deadline = time.monotonic() + seconds
    handler = TaskLogReader().log_handler
    if handler is None or not hasattr(handler, "read"):
        raise LogMissing("[logging] task_log_reader names no handler that can read logs")
    if isinstance(handler, FileTaskHandler) and type(handler)._read is FileTaskHandler._read:  # noqa: SLF001 - as below
        return _of_files(handler, task_instance, try_number, deadline)
    return Pieces(lambda: _pieces(task_instance, try_number, deadline))


def is_unanswered(error: Unavailable) -> bool:
    """Tell whether open_log raised this because a log server, or the store, does not answer, for whichever log."""
    return isinstance(error.__cause__, (requests.RequestException, NotInTime))


def _of_files(handler: Any, task_instance: TaskInstance, try_number: int, deadline: float) -> LogReader:
    """Look where FileTaskHandler._read looks, but read no more of a file than is wanted."""
    # In a thread of its own: it opens a session, and closes the session of the thread it runs in.
    path = _in_time(lambda: handler._render_filename(task_instance, try_number), deadline)  # noqa: SLF001 - no public way
    readers: list[LogReader] = [
        Text(text) for text in _in_time(lambda: _remote(handler, task_instance, try_number), deadline) if text
    ]
    if readers and task_instance.state in FINISHED:
        return interleaved(readers)
    full_path = Path(handler.local_base, path)
    with contextlib.suppress(LogMissing):
        readers += [LocalFile(file) for file in sorted(full_path.parent.glob(full_path.name + "*"))]
    if not readers and task_instance.state == "running":
        texts = _in_time(lambda: _of_executor(handler, task_instance, try_number), deadline)
        readers = [Text(text) for text in texts if text]
    return interleaved(readers) if readers else _served(handler, task_instance, path, deadline)


def _of_executor(handler: Any, task_instance: TaskInstance, try_number: int) -> list[str]:
    reader = executors_log_reader(handler, task_instance)
    answer = reader(task_instance, try_number) if reader else None
    return list(answer[1]) if answer else []


def _remote(handler: Any, task_instance: TaskInstance, try_number: int) -> list[str]:
    try:
        return list(handler._read_remote_logs(task_instance, try_number, None)[1])  # noqa: SLF001 - as above
    except NotImplementedError:
        return []


def _served(handler: Any, task_instance: TaskInstance, path: str, deadline: float) -> LogReader:
    triggerer = task_instance.triggerer_job if task_instance.state == "deferred" else None
    log_type = LogType.TRIGGER if triggerer else LogType.WORKER
    host = triggerer.hostname if triggerer else task_instance.hostname
    if not host:
        raise LogMissing("there is no file of it here, and no host is known that ran it")
    url, served_path = handler._get_log_retrieval_url(task_instance, path, log_type=log_type)  # noqa: SLF001 - as above
    return ServedFile(
        url,
        host,
        lambda: {"Authorization": _signed(served_path)},
        seconds=conf.getint("webserver", "log_fetch_timeout_sec", fallback=5),
        deadline=deadline,
    )


def _signed(path: str) -> str:
    """Return the token that proves to Airflow's log server that a webserver asks for this file."""
    from airflow.utils.jwt_signer import JWTSigner

    signer = JWTSigner(
        secret_key=conf.get("webserver", "secret_key"),
        expiration_time_in_seconds=conf.getint("webserver", "log_request_clock_grace", fallback=30),
        audience="task-instance-logs",
    )
    return signer.generate_signed_token({"filename": path})


def _pieces(task_instance: TaskInstance, try_number: int, deadline: float) -> Iterator[str]:
    """Yield a log from a store that is asked for one piece after the other, as Airflow's page does."""
    reader = TaskLogReader()
    metadata: Any = {}
    empty_in_a_row = 0
    while empty_in_a_row < _EMPTY_PIECES:
        logs, metadata = _in_time(partial(reader.read_log_chunks, task_instance, try_number, metadata), deadline)
        text = "".join(text if text.endswith("\n") else text + "\n" for _, text in logs[0] if text)
        if text:
            yield text
        if metadata.get("end_of_log", True):
            return
        empty_in_a_row = 0 if text else empty_in_a_row + 1


def _in_time(work: Callable[[], Result], deadline: float) -> Result:
    """Return what a call of a log handler's library returns; raise Unavailable if it fails or takes too long."""
    try:
        return done_in_time(work, deadline, name="reading a task log")
    except NotInTime as error:
        raise Unavailable("The store of task logs does not answer in time; try again later") from error
    except Exception as error:
        raise Unavailable(f"The store of task logs can't be read: {type(error).__name__}: {error}") from error
