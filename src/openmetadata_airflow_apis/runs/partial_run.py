"""Creates a run in which only some tasks run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.utils import timezone

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import InvalidArgument
from openmetadata_airflow_apis.runs import run_notes
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import tasks_by_name
from openmetadata_airflow_apis.runs.marked_task_instances import mark
from openmetadata_airflow_apis.runs.results import PartialRun, TouchedTaskInstance
from openmetadata_airflow_apis.runs.task_dependencies import mapped_dependencies, upstream_ids
from openmetadata_airflow_apis.runs.trigger import create_run, plan_run, runnable_dag, unknown_run
from openmetadata_airflow_apis.runs.trigger_rules import RunStates, trigger_rule
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.trigger import NewRun


@dataclass(frozen=True)
class PartialRunPlan:
    """A run that is about to be created, in which only the chosen tasks run.

    task_instances: all of the run's, with the states they get; None for those that will run.
    """

    new: NewRun
    chosen: tuple[str, ...]
    task_instances: tuple[TouchedTaskInstance, ...]

    def partial_run(self, *, dry_run: bool) -> PartialRun:
        """Return the answer."""
        return PartialRun(
            dag_id=self.new.of.dag.dag_id,
            run_id=self.new.run_id,
            logical_date=self.new.logical_date,
            state=self.new.state,
            task_instances=self.task_instances,
            dry_run=dry_run,
            is_paused=self.new.of.is_paused,
        )


def run_partial(
    dag_id: str,
    task_ids: Sequence[str],
    *,
    run_id: str | None = None,
    conf: dict[str, Any] | None = None,
    dry_run: bool = False,
    user: str,
    session: Session,
) -> PartialRun:
    """Create a run in which only these tasks run, and commit it with all states set.

    task_ids: ids of tasks, or of task groups, which stand for all tasks inside. A task that is not chosen
    never runs. If a chosen one depends on it, directly or not, it is marked success, so that the chosen one can
    start (or skipped, if the chosen one's trigger rule all_skipped waits for that); all others are skipped.
    run_id, conf: as for trigger_dag. dry_run: create nothing, return what would be created.
    Raises DagNotFound, DagHasImportErrors, TaskNotFound, DagRunExists, ScheduleFails, Unavailable, and
    InvalidArgument, with the reason, if a chosen task could not start.
    """
    receipt = audit.Receipt()

    def decide() -> PartialRunPlan:
        return plan_partial(dag_id, task_ids, now=receipt.moment, run_id=run_id, conf=conf, session=session)

    def change() -> PartialRunPlan:
        plan = decide()
        _create(plan, user=user, receipt=receipt, session=session)
        return plan

    if dry_run:
        try:
            return decide().partial_run(dry_run=True)
        finally:
            session.rollback()

    created = in_one_transaction(
        change,
        session=session,
        was_committed=lambda: receipt.is_stored(session=session),
        unknown=lambda plan: unknown_run(dag_id, plan.new.run_id),
    )
    audit.count("run_task_instance")
    return created.partial_run(dry_run=False)


def plan_partial(
    dag_id: str,
    task_ids: Sequence[str],
    *,
    now: datetime,
    run_id: str | None,
    conf: dict[str, Any] | None,
    session: Session,
) -> PartialRunPlan:
    runnable = runnable_dag(dag_id, session=session)
    chosen = set().union(*tasks_by_name(runnable.dag, task_ids).values())
    marks = _marks(runnable.dag, chosen)
    new = plan_run(runnable, now=now, run_id=run_id, conf=conf, session=session)
    keys = new.task_instances()
    _check_dates(runnable.dag, chosen.difference(task_id for task_id, _ in keys), new.logical_date)
    return PartialRunPlan(
        new,
        chosen=tuple(sorted(chosen)),
        task_instances=tuple(
            TouchedTaskInstance(task_id, map_index, state_before=None, state_after=marks.get(task_id))
            for task_id, map_index in keys
        ),
    )


def _create(plan: PartialRunPlan, *, user: str, receipt: audit.Receipt, session: Session) -> None:
    dag_id, run_id = plan.new.of.dag.dag_id, plan.new.run_id
    dag_run_pk = create_run(plan.new, session=session)
    marked = [task_instance for task_instance in plan.task_instances if task_instance.state_after is not None]
    mark({(dag_id, run_id): marked}, timezone.utcnow(), session=session)
    run_notes.annotate(dag_run_pk, f"ran only {', '.join(plan.chosen)}", user=user, session=session)
    audit.record(
        "run_task_instance",
        user=user,
        dag_id=dag_id,
        run_id=run_id,
        details={"task_ids": list(plan.chosen)},
        receipt=receipt,
        session=session,
    )


def _marks(dag: DAG, chosen: set[str]) -> dict[str, str]:
    """Return the state, success or skipped, of each task that is not chosen; raise InvalidArgument.

    A chosen task is refused if these states alone would make Airflow's scheduler decide that it does not run,
    however the other chosen tasks end.
    """
    upstream_of_chosen = upstream_ids(dag, chosen)
    to_be_skipped = {
        upstream
        for task_id in chosen
        if trigger_rule(dag.task_dict[task_id]) == "all_skipped"
        for upstream in dag.task_dict[task_id].upstream_task_ids - chosen
    }
    marks = {
        task_id: "success" if task_id in upstream_of_chosen - to_be_skipped else "skipped"
        for task_id in dag.task_dict
        if task_id not in chosen
    }
    states = RunStates(dag, ((task_id, -1, marks.get(task_id)) for task_id in dag.task_dict))
    for task_id in sorted(chosen):
        task = dag.task_dict[task_id]
        obstacle = _unmappable(task, chosen) or _obstacle(task, states, marks)
        if obstacle:
            raise InvalidArgument("task_ids", f"names `{task_id}`, which could not start: {obstacle}")
    return marks


def _unmappable(task: Any, chosen: set[str]) -> str | None:
    missing = sorted({upstream.task_id for upstream in mapped_dependencies(task)} - chosen)
    if missing:
        names = ", ".join(f"`{task_id}`" for task_id in missing)
        return f"it is mapped over the output of {names}, which would not run; choose that too"
    return None


def _obstacle(task: Any, states: RunStates, marks: dict[str, str]) -> str | None:
    """Return what would keep a chosen task from ever starting; None if it can start."""
    decided = states.decided(task, -1)
    if decided is None:
        return None
    upstream_states = ", ".join(
        f"`{upstream}` is {marks[upstream]}" for upstream in sorted(task.upstream_task_ids) if upstream in marks
    )
    return f"with its trigger rule {trigger_rule(task)} it ends as {decided} where {upstream_states}, without being run"


def _check_dates(dag: DAG, not_created: Iterable[str], logical_date: datetime) -> None:
    for task_id in sorted(not_created):
        task = dag.task_dict[task_id]
        raise InvalidArgument(
            "task_ids",
            f"names `{task_id}`, which does not run on {logical_date:%Y-%m-%d}: "
            f"its start_date is {task.start_date}, its end_date {task.end_date}",
        )
