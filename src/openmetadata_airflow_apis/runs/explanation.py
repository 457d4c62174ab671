"""Explains a DagRun: why it failed, why it isn't running, and what would help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow.jobs.job import Job
from airflow.models.trigger import Trigger
from airflow.utils import timezone
from sqlalchemy import select

from openmetadata_airflow_apis.errors import DagNotFound, DagRunNotFound
from openmetadata_airflow_apis.runs.audit_log_evidence import events_of
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_run, serialized_dag
from openmetadata_airflow_apis.runs.depends_on_past import past_run
from openmetadata_airflow_apis.runs.explanation_results import DagRunExplanation
from openmetadata_airflow_apis.runs.explanation_summary import summarize
from openmetadata_airflow_apis.runs.failures import FAILED, first_ones, task_failure
from openmetadata_airflow_apis.runs.helpful_calls import helpful_calls
from openmetadata_airflow_apis.runs.logged_failures import LogEnd, log_ends
from openmetadata_airflow_apis.runs.queued_task_reasons import workers_of_queued
from openmetadata_airflow_apis.runs.run_reasons import failed_by, still_queued, waits_for
from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.scheduling_facts import facts_about
from openmetadata_airflow_apis.runs.task_instance_rows import FINISHED, TI, of_run
from openmetadata_airflow_apis.runs.trigger_rules import RunStates
from openmetadata_airflow_apis.runs.waiting_task_reasons import Waiting

if TYPE_CHECKING:
    from airflow.models.dag import DAG
    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.audit_log_evidence import RunEvents
    from openmetadata_airflow_apis.runs.explanation_results import TaskFailure
    from openmetadata_airflow_apis.runs.scheduling_facts import SchedulingFacts

# How many failures, and how many groups of waiting task instances, an explanation lists at most.
MOST = 20

_PROCESS = Job.__table__.alias("process")
_QUEUER = Job.__table__.alias("queuer")
_TRIGGER = Trigger.__table__
_FURTHER = (
    _PROCESS.c.state.label("process_state"),
    _PROCESS.c.latest_heartbeat.label("process_heartbeat"),
    _QUEUER.c.state.label("queuer_state"),
    _TRIGGER.c.classpath.label("trigger_classpath"),
    _TRIGGER.c.created_date.label("trigger_created_date"),
)
# A run may have thousands of rows, and executor_config and next_kwargs may be large, so they are not read.
_COLUMNS = [
    column for column in TI.c if column.name not in {"executor_config", "next_kwargs", "rendered_map_index", "unixname"}
]


def explain_dag_run(
    dag_id: str, run_id: str, *, logs_withheld: str | None = None, session: Session
) -> DagRunExplanation:
    """Explain a run of any DAG. At most 35 statements, whatever the number of task instances.

    logs_withheld: why the caller may not read logs; None if it may. Raises DagNotFound, DagRunNotFound.
    """
    run = session.execute(select(RUN).where(RUN.c.dag_id == dag_id, RUN.c.run_id == run_id)).first()
    if run is None:
        find_run(dag_id, run_id, session=session)  # says which of the two is missing
        raise DagRunNotFound(dag_id, run_id)
    now = timezone.utcnow()
    dag = _dag(dag_id, session=session)
    rows = _task_instances(run, session=session)
    unfinished = [row for row in rows if row.state not in FINISHED]
    facts = facts_about(run, {row.queue for row in rows if row.state == "queued"}, now=now, session=session)
    listed_failures = first_ones(rows, dag, MOST)
    events = events_of(run, [(row.task_id, row.map_index) for row in listed_failures], session=session)

    run_reasons = []
    past = None
    waiting = []
    if run.state in {"queued", "running"}:
        past = past_run(run, dag, session=session) if dag is not None else None
        run_reasons = list(waits_for(run, dag, facts))
        if not run_reasons and (starting := still_queued(run)):
            run_reasons = [starting]
        states = RunStates(dag, ((row.task_id, row.map_index, row.state) for row in rows)) if dag is not None else None
        workers = workers_of_queued(unfinished, now)
        waiting = Waiting(run, dag, states, facts, past, run_reasons, workers).tasks(unfinished)
    elif run.state == "failed":
        run_reasons = list(failed_by(run, dag, len(unfinished), events))

    failures = _failures(run, listed_failures, rows, dag, events, logs_withheld, session=session)
    explanation = DagRunExplanation(
        dag_id=dag_id,
        run_id=run_id,
        state=run.state,
        as_of=now,
        summary="",
        task_instance_counts=dict(sorted(Counter(row.state or "no_status" for row in rows).items())),
        run_reasons=tuple(run_reasons),
        failures=tuple(failures),
        total_failures=sum(row.state in FAILED for row in rows),
        waiting=tuple(waiting[:MOST]),
        total_waiting=sum(group.count for group in waiting),
        import_error=facts.import_error,
        logs_withheld=logs_withheld if failures else None,
        calls=tuple(
            helpful_calls(
                run,
                failures=failures,
                run_reasons=run_reasons,
                waiting=waiting[:MOST],
                facts=facts,
                past=past,
                pools=_full_pools(unfinished, facts),
            )
        ),
    )
    return summarize(explanation)


def _full_pools(unfinished: list[Row], facts: SchedulingFacts) -> dict[str, int]:
    """Return the pools that scheduled task instances wait for, each with the size that would let one of them start."""
    pool_sizes: dict[str, int] = {}
    for row in unfinished:
        pool = facts.pools.get(row.pool)
        if row.state == "scheduled" and pool is not None and row.pool_slots > pool["open"]:
            slots_needed = pool["total"] + row.pool_slots - pool["open"]
            pool_sizes[row.pool] = min(slots_needed, pool_sizes.get(row.pool, slots_needed))
    return pool_sizes


def _dag(dag_id: str, *, session: Session) -> DAG | None:
    try:
        return serialized_dag(dag_id, session=session)[0]
    except DagNotFound:
        return None


def _task_instances(run: Row, *, session: Session) -> list[Row]:
    with_jobs_and_triggers = (
        TI.outerjoin(_PROCESS, _PROCESS.c.id == TI.c.job_id)
        .outerjoin(_QUEUER, _QUEUER.c.id == TI.c.queued_by_job_id)
        .outerjoin(_TRIGGER, _TRIGGER.c.id == TI.c.trigger_id)
    )
    query: Any = select(*_COLUMNS, *_FURTHER).select_from(with_jobs_and_triggers).where(of_run(run.dag_id, run.run_id))
    return session.execute(query.order_by(TI.c.task_id, TI.c.map_index)).all()


def _failures(
    run: Row,
    listed_failures: list[Row],
    rows: list[Row],
    dag: DAG | None,
    events: RunEvents,
    logs_withheld: str | None,
    *,
    session: Session,
) -> list[TaskFailure]:
    withheld = LogEnd(problem=logs_withheld) if logs_withheld else None
    log_end_of = {} if withheld or not listed_failures else log_ends(run, listed_failures, session=session)
    earlier_kinds: dict[tuple[str, int], str] = {}
    failures = []
    for row in listed_failures:
        key = (row.task_id, row.map_index)
        failure = task_failure(
            row, dag=dag, rows=rows, events=events, log_end=withheld or log_end_of[key], earlier_kinds=earlier_kinds
        )
        failures.append(failure)
        if failure.kind not in {"state_set", "terminated", "not_started"}:
            earlier_kinds[key] = failure.kind
    return failures
