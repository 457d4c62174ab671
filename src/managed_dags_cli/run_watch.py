"""Watches a run until it has ended."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from managed_dags_cli import output
from managed_dags_cli.command_options import WAIT_SECONDS
from managed_dags_cli.errors import CommandError, stoppable
from managed_dags_cli.output import Table, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from managed_dags_cli.command_options import Session
    from managed_dags_cli.connection import Api

_ENDED = frozenset({"success", "failed"})
# How often a terminal is shown what has changed.
_LOOK_SECONDS = 2
_PAGE = 100


def task_name(row: Mapping[str, Any]) -> str:
    """Return a task instance's name, with its index if it is mapped."""
    index = row.get("map_index")
    return str(row["task_id"]) if index in {None, -1} else f"{row['task_id']}[{index}]"


task_table = Table(
    {
        "task": task_name,
        "state": "state",
        "try": "try_number",
        "start": moment("start_date"),
        "end": moment("end_date"),
        "seconds": "duration",
        "operator": "operator",
    },
    "task_id",
)


def task_instances(api: Api, dag_id: str, run_id: str) -> list[dict[str, Any]]:
    """Return all task instances of a run."""
    instances: list[dict[str, Any]] = []
    while True:
        answer = api.document("list_task_instances", dag_id=dag_id, run_id=run_id, limit=_PAGE, offset=len(instances))
        instances += answer["task_instances"]
        if not answer["task_instances"] or len(instances) >= answer["total_entries"]:
            return instances


def watch(session: Session, dag_id: str, run_id: str, *, seconds: float | None = None) -> dict[str, Any]:
    """Return the run when it has ended; meanwhile show on a terminal what goes on.

    seconds: how long to wait at most, None for as long as it takes. Raises CommandError if it has not ended by then.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    began_at = time.monotonic()
    is_watched = output.is_watched()  # asked first: the progress display takes the place of standard error
    watching = shlex.join(["managed-dags", "state", dag_id, run_id, "--follow"])
    goes_on = stoppable(f"the run '{run_id}' goes on on the server; `{watching}` watches it")
    with goes_on, output.progress(f"{dag_id}, run {run_id}") as tell:
        while True:
            seconds_left = (
                WAIT_SECONDS if deadline is None else max(0, min(WAIT_SECONDS, int(deadline - time.monotonic())))
            )
            wait = min(seconds_left, _LOOK_SECONDS) if is_watched else seconds_left
            asked_at = time.monotonic()
            run: dict[str, Any] = session.api.document("dag_state", dag_id=dag_id, run_id=run_id, wait=wait)
            if run["state"] in _ENDED:
                return run
            if deadline is not None and time.monotonic() >= deadline:
                raise CommandError(f"the run '{run_id}' is {run['state']} and has not ended in {seconds:.0f} s")
            if is_watched:
                tell(
                    f"{dag_id}, run {run_id}: {_counted(session, dag_id, run_id)} ({time.monotonic() - began_at:.0f} s)"
                )
            if time.monotonic() - asked_at < 1:
                time.sleep(1)  # the server had nobody left to wait, and answered at once


def _counted(session: Session, dag_id: str, run_id: str) -> str:
    states = Counter(row["state"] or "waiting" for row in task_instances(session.api, dag_id, run_id))
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
