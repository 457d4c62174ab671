"""The SQL that the verbs share: which task instances, and which columns change with their state.

Every expression covers a whole set of task instances, so the number of statements does not grow with the set.
"""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.models.taskinstance import TaskInstance
from airflow.utils.sqlalchemy import with_row_locks
from airflow.utils.state import State
from sqlalchemy import Float, and_, cast, extract, false, func, null, or_, select, text, update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session
    from sqlalchemy.sql import ColumnElement

# Core tables, not the mapped classes: their columns mean the same in every supported Airflow version,
# while TaskInstance.try_number is a property with arithmetic of its own before 2.10.
TI = TaskInstance.__table__

FINISHED = frozenset(str(state) for state in State.finished)
# Task instances in these states have a LocalTaskJob and a process on a worker.
WITH_PROCESS = frozenset({"running", "restarting"})

_TOUCHED = (TI.c.run_id, TI.c.task_id, TI.c.map_index, TI.c.state, TI.c.job_id, TI.c.hostname, TI.c.pid)


def of_run(dag_id: str, run_id: str) -> ColumnElement:
    """Return the condition for a run's task instances."""
    return and_(TI.c.dag_id == dag_id, TI.c.run_id == run_id)


def of_whole_runs(runs: Iterable[Row]) -> ColumnElement:
    """Return the condition for all task instances of several runs of one DAG, by the runs' rows."""
    runs = list(runs)
    return and_(
        TI.c.dag_id.in_(sorted({run.dag_id for run in runs})), TI.c.run_id.in_(sorted(run.run_id for run in runs))
    )


def by_run(task_instances: Iterable[Row]) -> dict[str, list[Row]]:
    """Return task instances' rows by their run_ids."""
    rows_of: dict[str, list[Row]] = defaultdict(list)
    for row in task_instances:
        rows_of[row.run_id].append(row)
    return rows_of


def of_runs(keys: Mapping[tuple[str, str], Iterable[tuple[str, int]]]) -> ColumnElement:
    """Return the condition for task instances of several runs.

    keys: task_ids and map_indexes, by dag_id and run_id. Runs of a DAG with the same keys share one term.
    """
    runs_with: dict[tuple[str, frozenset[tuple[str, int]]], list[str]] = defaultdict(list)
    for (dag_id, run_id), keys_of_run in keys.items():
        runs_with[dag_id, frozenset(keys_of_run)].append(run_id)
    terms = (
        and_(TI.c.dag_id == dag_id, TI.c.run_id.in_(sorted(run_ids)), among(keys_of_runs))
        for (dag_id, keys_of_runs), run_ids in runs_with.items()
        if keys_of_runs
    )
    return or_(false(), *terms)


def unfinished() -> ColumnElement:
    """Return the condition for task instances that may still run, including those without a state."""
    return or_(TI.c.state.is_(None), TI.c.state.not_in(sorted(FINISHED)))


def among(keys: Iterable[tuple[str, int]]) -> ColumnElement:
    """Return the condition for the task instances with these task_ids and map_indexes.

    It stays short for thousands of them: tasks with the same map_indexes share one term, and indexes without a
    gap become a range.
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


def find(condition: ColumnElement, *, session: Session, lock: bool, further_columns: Iterable[Any] = ()) -> list[Row]:
    """Return the task instances as plain rows, ordered by run_id, task_id and map_index.

    lock: lock them until the transaction's end. Workers take the same locks before they write a state. The caller
    has locked the runs before, as the scheduler does; taking the two in the other order would deadlock with it.
    """
    query = select(*_TOUCHED, *further_columns).where(condition)
    query = query.order_by(TI.c.run_id, TI.c.task_id, TI.c.map_index)
    return session.execute(with_row_locks(query, session=session) if lock else query).all()


def changing(condition: ColumnElement, values: dict[str, Any]) -> Any:
    """Return the UPDATE of task instances; each value is computed from the row as it was before.

    MySQL carries out the assignments of one UPDATE one after the other. The state comes last, because the other
    values depend on it.
    """
    return update(TI).where(condition).ordered_values(*sorted(values.items(), key=lambda pair: pair[0] == "state"))


def without_deferral() -> dict[str, Any]:
    """Return the new column values of task instances that no trigger may resume any more."""
    return {"trigger_id": null(), "trigger_timeout": null(), "next_method": null(), "next_kwargs": null()}


def insert_unless_there(table: Any, names: list[str], query: Any, *, session: Session) -> Any:
    """Return the INSERT of a query's rows that leaves out those which a unique constraint finds there already.

    It does not use NOT EXISTS: without statistics of the table, PostgreSQL would search everything that the
    statement itself has written, once for each row.
    """
    dialect = session.get_bind().dialect.name
    if dialect == "mysql":
        return table.insert().prefix_with("IGNORE").from_select(names, query, include_defaults=False)
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert(table).from_select(names, query, include_defaults=False).on_conflict_do_nothing()


def seconds_between(start: Any, end: Any, *, session: Session) -> ColumnElement:
    """Return the expression for the seconds from one date column to another, in the database's own dialect."""
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        # A difference of days as a floating point number is exact to a millisecond, so no more is kept.
        return func.round((func.julianday(end) - func.julianday(start)) * 86400.0, 3)
    if dialect == "mysql":
        return func.timestampdiff(text("MICROSECOND"), start, end) / 1_000_000.0
    return cast(extract("epoch", end - start), Float)
