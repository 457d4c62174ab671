"""A plan: what a verb is about to do to runs and their task instances, decided before anything is written.

A verb reads what it needs under the runs' locks and makes a plan of it; `apply` writes what the plan says. The number
of its statements does not grow with the runs or the task instances in the plan. A dry run returns the plan: it locks
nothing and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from airflow.utils import timezone
from airflow.utils.state import State
from sqlalchemy import update

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.runs import run_notes
from openmetadata_airflow_apis.runs.clearing import clear
from openmetadata_airflow_apis.runs.marked_task_instances import mark
from openmetadata_airflow_apis.runs.run_rows import RUN, queue_again
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.clearing import Clearing
    from openmetadata_airflow_apis.runs.results import TouchedTaskInstance


@dataclass(frozen=True)
class Traces:
    """What a change leaves for those who ask later: a line in the run's note, a row in the audit log."""

    note: str
    details: Mapping[str, Any]
    task_id: str | None = None
    map_index: int | None = None


@dataclass(frozen=True)
class RunPlan:
    """What is about to happen to one DagRun: nothing, if no task instance is touched.

    run: the run's row as `find_run` found it. state: the run's state afterwards.
    marked: task instances whose state is set from outside, as Airflow's "Mark as …" does: to a finished one, or
    to none, so that the scheduler decides about them again. cleared: those that will run again.
    """

    run: Row
    state: str | None
    traces: Traces
    marked: tuple[TouchedTaskInstance, ...] = ()
    cleared: Clearing | None = None

    @property
    def task_instances(self) -> tuple[TouchedTaskInstance, ...]:
        """All that are touched."""
        return (*self.marked, *(self.cleared.task_instances if self.cleared else ()))

    def outcome(self) -> dict[str, Any]:
        """Return the fields of a ChangedRun by name."""
        return {
            "dag_id": self.run.dag_id,
            "run_id": self.run.run_id,
            "logical_date": self.run.execution_date,
            "state": self.state,
            "task_instances": self.task_instances,
        }


Plan = TypeVar("Plan", bound=RunPlan)


def carry_out(
    operation: str, decide: Callable[..., Sequence[Plan]], *, dry_run: bool = False, user: str, session: Session
) -> Sequence[Plan]:
    """Make the plans of runs and apply them, in one transaction; return them.

    operation: the operationId. decide: returns the plans, at least one, and changes nothing. With lock=True it
    locks the runs before it reads. If the transaction is tried again, it is called again. What it raises passes
    through. dry_run: return the plans without locking or writing anything.
    Raises Unavailable, OutcomeUnknown.
    """
    if dry_run:
        try:
            return decide(lock=False)
        finally:
            session.rollback()
    receipt = audit.Receipt()

    def change() -> Sequence[Plan]:
        plans = decide(lock=True)
        apply(operation, plans, user=user, receipt=receipt, session=session)
        return plans

    plans = in_one_transaction(
        change,
        session=session,
        was_committed=lambda: receipt.is_stored(session=session),
        unknown=lambda plans: (
            "Airflow's database broke off while it took the change and has not answered since, so it isn't known "
            f"whether it was made; look at {_to_look_at(plans)} before you try again"
        ),
    )
    audit.count(operation)
    return plans


def _to_look_at(plans: Sequence[RunPlan]) -> str:
    run = plans[0].run
    if len(plans) == 1:
        return f"the DagRun `{run.run_id}` of the DAG `{run.dag_id}` and its note"
    return f"the notes of the {len(plans)} chosen DagRuns of the DAG `{run.dag_id}`, that of `{run.run_id}` first,"


def apply(
    operation: str, plans: Sequence[RunPlan], *, user: str, receipt: audit.Receipt | None = None, session: Session
) -> None:
    """Write what the plans say about runs that the transaction has locked. Commits nothing."""
    plans = [plan for plan in plans if plan.task_instances]
    now = timezone.utcnow()
    mark({(plan.run.dag_id, plan.run.run_id): plan.marked for plan in plans}, now, session=session)
    clear({(plan.run.dag_id, plan.run.run_id): plan.cleared for plan in plans if plan.cleared}, now, session=session)
    _put_runs(plans, now, session=session)
    run_notes.annotate_all({plan.run.id: plan.traces.note for plan in plans}, user=user, session=session)
    audit.record_all(operation, [_entry(plan) for plan in plans], user=user, receipt=receipt, session=session)


def _put_runs(plans: Sequence[RunPlan], now: datetime, *, session: Session) -> None:
    changed_plans = [plan for plan in plans if plan.state != plan.run.state]
    queue_again([plan.run.id for plan in changed_plans if plan.state == "queued"], session=session)
    for state in sorted({str(plan.state) for plan in changed_plans} - {"queued"}):
        for had_ended in (False, True):
            run_pks = [
                plan.run.id
                for plan in changed_plans
                if plan.state == state and (plan.run.state in State.finished_dr_states) == had_ended
            ]
            if run_pks:
                values = {"state": state} if had_ended else {"state": state, "end_date": now}
                session.execute(update(RUN).where(RUN.c.id.in_(run_pks)).values(values))


def _entry(plan: RunPlan) -> audit.Entry:
    return audit.Entry(
        dag_id=plan.run.dag_id,
        run_id=plan.run.run_id,
        task_id=plan.traces.task_id,
        map_index=plan.traces.map_index,
        details=plan.traces.details,
    )
