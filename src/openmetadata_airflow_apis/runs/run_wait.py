"""Waits until a DagRun has ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.runs.run_state import dag_state
from openmetadata_airflow_apis.transactions import database_errors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.results import RunState

_POLL_SECONDS = 0.25


def await_end(dag_id: str, run_id: str, seconds: float, *, session: Session) -> RunState:
    """Return a DagRun as it is when it has ended, or after so many seconds.

    Each look is one statement, and no connection is held between two looks. The session must have nothing pending.
    Raises DagRunNotFound if the run is deleted meanwhile, and Unavailable.
    """
    deadline = time.monotonic() + seconds
    with database_errors(
        f"Airflow's database does not answer any more; ask later for the state of the DagRun `{run_id}` of the DAG "
        f"`{dag_id}`, which goes on"
    ):
        while True:
            run = dag_state(dag_id, run_id, session=session)
            session.rollback()  # the next look has to see what is committed meanwhile
            seconds_left = deadline - time.monotonic()
            if run.has_ended or seconds_left <= 0:
                return run
            time.sleep(min(_POLL_SECONDS, seconds_left))
