"""Notes in Airflow's audit log why this host can't build the DAG of the task that it is to run.

Such a task fails before it begins, with neither a host nor a log of its own: Airflow writes the reason into the
worker's log alone, which few can read. Imported only then.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from airflow import settings as airflow_settings
from airflow.utils.net import get_hostname
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from openmetadata_airflow_apis import audit

if TYPE_CHECKING:
    from types import FrameType

# The event of such a row; `hostname` and `import_error` are in its extra.
EVENT = "dag_not_built"
_COMMAND_MODULE, _COMMAND = "airflow.cli.commands.task_command", "task_run"
# Each process with the DAG that it has noted: `airflow tasks run` looks for a DAG twice.
_noted: set[tuple[int, str]] = set()
log = logging.getLogger(__name__)


def note_unbuilt(dag_id: str, reason: str) -> None:
    """Note the reason with the task that this process is to run, if that is a task of this DAG."""
    arguments = _arguments_of_task(sys._getframe(1))  # noqa: SLF001 - Airflow says nowhere else of which run it is
    if arguments is None or arguments.dag_id != dag_id or (os.getpid(), dag_id) in _noted:
        return
    _noted.add((os.getpid(), dag_id))
    try:
        with Session(airflow_settings.engine) as session, session.begin():
            audit.record(
                EVENT,
                user="airflow",
                dag_id=dag_id,
                run_id=arguments.execution_date_or_run_id,
                task_id=arguments.task_id,
                map_index=arguments.map_index,
                details={"hostname": get_hostname(), "import_error": reason},
                session=session,
            )
    except SQLAlchemyError as error:
        log.warning("Why the DAG %s can't be built here can't be noted: %s", dag_id, error)


def _arguments_of_task(frame: FrameType | None) -> Any:
    """Return the arguments of the `airflow tasks run` that is under way, None if none is."""
    while frame is not None:
        if frame.f_code.co_name == _COMMAND and frame.f_globals.get("__name__") == _COMMAND_MODULE:
            return frame.f_locals["args"]
        frame = frame.f_back
    return None
