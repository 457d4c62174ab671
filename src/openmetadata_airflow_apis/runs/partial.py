"""Creates a run in which only some tasks run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils import timezone
from sqlalchemy import and_, select

from openmetadata_airflow_apis import audit
from openmetadata_airflow_apis.errors import InvalidArgument, TaskNotFound
from openmetadata_airflow_apis.runs import task_instance_rows as rows
from openmetadata_airflow_apis.runs.lookup import TI
from openmetadata_airflow_apis.runs.results import PartialRun, TouchedTaskInstance
from openmetadata_airflow_apis.runs.task_dependencies import upstream_ids
from openmetadata_airflow_apis.runs.trigger import create_run, runnable_dag
from openmetadata_airflow_apis.runs.trigger_rules import RunStates, mapped_dependencies, trigger_rule
from openmetadata_airflow_apis.transactions import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session


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
    never runs: what a chosen one depends on, near or far, is marked success, so that the chosen one can
    start (skipped, where that is what its trigger rule all_skipped waits for); every other is skipped.
    run_id, conf: as for trigger_dag. dry_run: create nothing, answer what would be.
    Raises DagNotFound, DagHasImportErrors, TaskNotFound, DagRunExists, Unavailable, and InvalidArgument, which
    says why, where a chosen task could not start.
    """

    def change() -> PartialRun:
        dag, dag_hash, is_paused = runnable_dag(dag_id, session=session)
        chosen = _chosen(dag, task_ids)
        marks = plan(dag, chosen)
        run = create_run(dag, dag_hash, run_id=run_id, conf=conf, logical_date=None, session=session)
        in_run = rows.of_run(dag_id, run.run_id)
        now = timezone.utcnow()
        for state in ("success", "skipped"):
            marked = sorted(task_id for task_id, mark in marks.items() if mark == state)
            if marked:
                session.execute(
                    rows.changing(
                        and_(in_run, TI.c.task_id.in_(marked)),
                        rows.finishing(state, now, session=session),
                    )
                )
        created = session.execute(
            select(TI.c.task_id, TI.c.map_index).where(in_run).order_by(TI.c.task_id, TI.c.map_index)
        ).all()
        _check_created(dag, chosen, {row.task_id for row in created}, run.execution_date)
        audit.annotate(run.id, f"ran only {', '.join(sorted(chosen))}", user=user, session=session)
        audit.record(
            "run_task_instance",
            user=user,
            dag_id=dag_id,
            run_id=run.run_id,
            details={"task_ids": sorted(chosen)},
            session=session,
        )
        return PartialRun(
            dag_id=dag_id,
            run_id=run.run_id,
            logical_date=run.execution_date,
            state=str(run.state),
            task_instances=tuple(
                TouchedTaskInstance(
                    task_id=row.task_id,
                    map_index=row.map_index,
                    state_before=None,
                    state_after=marks.get(row.task_id),
                )
                for row in created
            ),
            dry_run=dry_run,
            is_paused=is_paused,
        )

    partial = in_one_transaction(change, session=session, dry_run=dry_run)
    if not dry_run:
        audit.count("run_task_instance")
    return partial


def plan(dag: DAG, chosen: set[str]) -> dict[str, str]:
    """Return the mark, success or skipped, of each task that is not chosen; raise InvalidArgument.

    A chosen task is refused where the marks alone, whatever the other chosen tasks come to, let Airflow's
    scheduler decide that it does not run.
    """
    needed = upstream_ids(dag, chosen)
    to_be_skipped = {
        upstream
        for task_id in chosen
        if trigger_rule(dag.task_dict[task_id]) == "all_skipped"
        for upstream in dag.task_dict[task_id].upstream_task_ids - chosen
    }
    marks = {
        task_id: "success" if task_id in needed - to_be_skipped else "skipped"
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


def _chosen(dag: DAG, task_ids: Sequence[str]) -> set[str]:
    if not task_ids:
        raise InvalidArgument("task_ids", "names no task")
    groups = dag.task_group.get_task_group_dict()
    chosen: set[str] = set()
    for name in task_ids:
        if dag.has_task(name):
            chosen.add(name)
        elif name and name in groups:
            chosen.update(task.task_id for task in groups[name].iter_tasks())
        else:
            raise TaskNotFound(dag.dag_id, name)
    return chosen


def _unmappable(task: Any, chosen: set[str]) -> str | None:
    missing = sorted({each.task_id for each in mapped_dependencies(task)} - chosen)
    if missing:
        names = ", ".join(f"`{each}`" for each in missing)
        return f"it is mapped over the output of {names}, which would not run; choose that too"
    return None


def _obstacle(task: Any, states: RunStates, marks: dict[str, str]) -> str | None:
    """Say what would keep a chosen task from ever starting, None where it can start."""
    decided = states.decided(task, -1)
    if decided is None:
        return None
    known = ", ".join(f"`{each}` is {marks[each]}" for each in sorted(task.upstream_task_ids) if each in marks)
    return f"with its trigger rule {trigger_rule(task)} it ends as {decided} where {known}, without being run"


def _check_created(dag: DAG, chosen: set[str], created: Iterable[str], logical_date: Any) -> None:
    for task_id in sorted(chosen.difference(created)):
        task = dag.task_dict[task_id]
        raise InvalidArgument(
            "task_ids",
            f"names `{task_id}`, which does not run on {logical_date:%Y-%m-%d}: "
            f"its start_date is {task.start_date}, its end_date {task.end_date}",
        )
