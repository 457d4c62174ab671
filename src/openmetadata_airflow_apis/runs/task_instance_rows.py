"""The SQL that the verbs share: which task instances, and what a change of state means for their columns.

Every expression speaks of a whole set, so that the number of statements does not grow with the set.
"""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime, with_row_locks
from airflow.utils.state import State
from sqlalchemy import Float, and_, case, cast, extract, false, func, literal, null, or_, select, text, update

from openmetadata_airflow_apis.runs.lookup import TI
from openmetadata_airflow_apis.runs.results import TouchedTaskInstance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

FINISHED = frozenset(str(state) for state in State.finished)
# A LocalTaskJob and a process on a worker belong to these.
WITH_PROCESS = frozenset({"running", "restarting"})

_TOUCHED = (TI.c.task_id, TI.c.map_index, TI.c.state, TI.c.job_id, TI.c.hostname, TI.c.pid)


def of_run(dag_id: str, run_id: str) -> ColumnElement:
    """Return the condition of a run's task instances."""
    return and_(TI.c.dag_id == dag_id, TI.c.run_id == run_id)


def unfinished() -> ColumnElement:
    """Return the condition of task instances that may still run, those without a state included."""
    return or_(TI.c.state.is_(None), TI.c.state.not_in(sorted(FINISHED)))


def among(keys: Iterable[tuple[str, int]]) -> ColumnElement:
    """Return the condition of the task instances with these task_ids and map_indexes, written compactly.

    Tasks with the same map_indexes share one term, and indexes without a gap are a range, so that a set of
    thousands stays a short condition.
    """
    indexes_of: dict[str, set[int]] = defaultdict(set)
    for task_id, map_index in keys:
        indexes_of[task_id].add(map_index)
    tasks_with: dict[frozenset[int], list[str]] = defaultdict(list)
    for task_id, indexes in indexes_of.items():
        tasks_with[frozenset(indexes)].append(task_id)
    terms = [and_(TI.c.task_id.in_(sorted(task_ids)), _index_in(indexes)) for indexes, task_ids in tasks_with.items()]
    return or_(false(), *terms)


def _index_in(indexes: frozenset[int]) -> ColumnElement:
    first, last = min(indexes), max(indexes)
    if last - first + 1 == len(indexes):
        return TI.c.map_index.between(first, last)
    return TI.c.map_index.in_(sorted(indexes))


def locked(condition: ColumnElement, *, session: Session, further_columns: Iterable[Any] = ()) -> list[Row]:
    """Lock the task instances until the transaction's end, and return plain rows of them in key order.

    Workers take the same locks before they write a state. Who calls this has locked the run before.
    """
    query = select(*_TOUCHED, *further_columns).where(condition).order_by(TI.c.task_id, TI.c.map_index)
    return session.execute(with_row_locks(query, session=session)).all()


def touched(row: Row, state_after: str | None) -> TouchedTaskInstance:
    """Return what happened to a row that `locked` returned."""
    had_process = row.state in WITH_PROCESS
    return TouchedTaskInstance(
        task_id=row.task_id,
        map_index=row.map_index,
        state_before=row.state,
        state_after=state_after,
        job_id=row.job_id if had_process else None,
        hostname=(row.hostname or None) if had_process else None,
        pid=row.pid if had_process else None,
    )


def finishing(state: str, now: datetime, *, session: Session) -> dict[str, Any]:
    """Return the columns of task instances that are put into a finished state from outside.

    Dates and duration as TaskInstance.set_state has them. A deferred one lets go of its trigger, which the
    triggerer then ends. One whose process is running loses its remaining tries: the process may still fail
    in a way of its own before its heartbeat ends it, and Airflow would then retry it.
    """
    at = literal(now, UtcDateTime())
    start_date = func.coalesce(TI.c.start_date, at)
    end_date = func.coalesce(TI.c.end_date, at)
    return {
        "state": state,
        "start_date": start_date,
        "end_date": end_date,
        "duration": seconds_between(start_date, end_date, session=session),
        "max_tries": case(
            (and_(TI.c.state.in_(sorted(WITH_PROCESS)), TI.c.max_tries >= TI.c.try_number), TI.c.try_number - 1),
            else_=TI.c.max_tries,
        ),
        **without_deferral(),
    }


def changing(condition: ColumnElement, values: dict[str, Any]) -> Any:
    """Return the UPDATE of task instances, whose values all speak of the rows as they were before.

    MySQL carries out the assignments of one UPDATE in turn, so that the state, which the others ask for,
    comes last.
    """
    return update(TI).where(condition).ordered_values(*sorted(values.items(), key=lambda pair: pair[0] == "state"))


def without_deferral() -> dict[str, Any]:
    """Return the columns of task instances that no trigger is to wake any more."""
    return {"trigger_id": null(), "trigger_timeout": null(), "next_method": null(), "next_kwargs": null()}


def insert_unless_there(table: Any, names: list[str], query: Any, *, session: Session) -> Any:
    """Return the INSERT of what a query finds, without the rows that a unique constraint says are there.

    Not by asking NOT EXISTS: PostgreSQL then looks through all that the statement itself has written, once
    for each row, when it has no statistics of the table yet.
    """
    dialect = session.get_bind().dialect.name
    if dialect == "mysql":
        return table.insert().prefix_with("IGNORE").from_select(names, query, include_defaults=False)
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert(table).from_select(names, query, include_defaults=False).on_conflict_do_nothing()


def seconds_between(start: Any, end: Any, *, session: Session) -> ColumnElement:
    """Return the expression of the seconds from one date column to another, in the database's own words."""
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        # Days as a floating point number: good to a millisecond, which is what is kept.
        return func.round((func.julianday(end) - func.julianday(start)) * 86400.0, 3)
    if dialect == "mysql":
        return func.timestampdiff(text("MICROSECOND"), start, end) / 1_000_000.0
    return cast(extract("epoch", end - start), Float)
