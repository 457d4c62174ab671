"""Fails what is unfinished in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.utils import timezone
from airflow.utils.state import State
from sqlalchemy import and_, update

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import NothingRunning
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.lookup import RUN, TI, find_run
from openmetadata_airflow_apis.runs.overwritten_states import hold
from openmetadata_airflow_apis.runs.results import KilledRun
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def kill_running(
    dag_id: str,
    run_id: str,
    *,
    task_id: str | None = None,
    map_index: int | None = None,
    user: str,
    session: Session,
) -> KilledRun:
    """Fail every unfinished task instance of a run and the run, or those of one task alone, and commit it.

    task_id: only this task's, the run goes on; map_index: only this one of them. The worker of a running one
    sees the new state within its heartbeat and ends the process; `await_stopped` waits for that. Where one has
    just begun, this returns when it can't undo the kill any more, a second or two later.
    Raises DagNotFound, DagRunNotFound, NothingRunning, Unavailable.
    """

    def change() -> KilledRun:
        run = find_run(dag_id, run_id, session=session, lock=True)
        condition = and_(rows.of_run(dag_id, run_id), rows.unfinished())
        if task_id is not None:
            condition &= TI.c.task_id == task_id
            if map_index is not None:
                condition &= TI.c.map_index == map_index
        found = rows.locked(condition, session=session)
        if not found:
            raise NothingRunning(dag_id, run_id, task_id)
        now = timezone.utcnow()
        # The scheduler adds task instances only while it holds the run, so that the condition means what was found.
        session.execute(rows.changing(condition, rows.finishing("failed", now, session=session)))
        state = run.state
        if task_id is None and run.state != "failed":
            state = "failed"
            values = (
                {"state": state, "end_date": now} if run.state not in State.finished_dr_states else {"state": state}
            )
            session.execute(update(RUN).where(RUN.c.id == run.id).values(values))
        what = f"task {task_id}" if task_id is not None else "the run"
        audit.annotate(run.id, f"killed {what} ({len(found)} task instance(s) failed)", user=user, session=session)
        audit.record(
            "kill_running_tasks",
            user=user,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            details={"task_instances": len(found)},
            session=session,
        )
        return KilledRun(
            dag_id=dag_id,
            run_id=run_id,
            logical_date=run.execution_date,
            state=state,
            task_instances=tuple(rows.touched(row, "failed") for row in found),
        )

    killed = in_one_transaction(change, session=session)
    hold(killed, session=session)
    audit.count("kill_running_tasks")
    return killed
