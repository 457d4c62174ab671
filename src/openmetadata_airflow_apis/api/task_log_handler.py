"""Handler of task_log: one part of the log as JSON, or the whole text as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils.session import create_session
from flask import Response, request

from openmetadata_airflow_apis import runs
from openmetadata_airflow_apis.api import json_answers
from openmetadata_airflow_apis.errors import InvalidArgument

if TYPE_CHECKING:
    from openmetadata_airflow_apis.runs.task_logs import OpenLog

_JSON, _TEXT = "application/json", "text/plain"


def task_log(
    dag_id: str,
    run_id: str,
    task_id: str,
    *,
    map_index: int | None = None,
    try_number: int | None = None,
    tail_lines: int | None = None,
    offset: int = 0,
) -> dict[str, Any] | Response:
    """Answer the log of one try of a task instance."""
    if tail_lines is not None and offset:  # some generated clients send every default
        raise InvalidArgument("tail_lines", "cannot be combined with offset; send one of them")
    with create_session() as session:
        log = runs.open_task_log(dag_id, run_id, task_id, map_index=map_index, try_number=try_number, session=session)
    if request.accept_mimetypes.best_match([_JSON, _TEXT]) == _TEXT:
        return _text(log, tail_lines, offset)
    page = log.page(offset) if tail_lines is None else log.last_lines(tail_lines)
    return {**log.about(), **json_answers.to_json(page)}


def _text(log: OpenLog, tail_lines: int | None, offset: int) -> Response:
    if tail_lines is not None:
        return Response(log.last_lines(tail_lines).content, content_type=f"{_TEXT}; charset=utf-8")
    # Streamed without being read as a whole: it may not fit into memory.
    return Response(log.chunks(offset), content_type=f"{_TEXT}; charset=utf-8", direct_passthrough=True)
