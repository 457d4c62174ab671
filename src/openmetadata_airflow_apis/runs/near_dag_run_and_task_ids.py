"""Finds ids like one that does not exist: of DAGs, of a DAG's runs, of its tasks. One statement each."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from sqlalchemy import func, select

from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import serialized_dag
from openmetadata_airflow_apis.runs.run_rows import RUN
from openmetadata_airflow_apis.runs.task_instance_rows import TI

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
_NUMBER = 3
# Run ids are long and mostly dates, so that any two are much alike.
_LIKENESS_OF_RUN_IDS = 0.85
_NEWEST_RUNS = 200


def near_names(name: str, names: Iterable[str], *, likeness: float = 0.6) -> list[str]:
    """Return up to three names that could have been meant, the likeliest first.

    A name in another case, or in another group (`work.extract` for `extract`), comes before another spelling.
    """
    all_names = sorted(set(names))
    last_part = name.rpartition(".")[2]
    same_but_for_case = [candidate for candidate in all_names if candidate.lower() == name.lower()]
    in_a_group = [candidate for candidate in all_names if candidate.rpartition(".")[2] == last_part]
    alike = get_close_matches(name, all_names, n=_NUMBER, cutoff=likeness)
    return list(dict.fromkeys([*same_but_for_case, *in_a_group, *alike]))[:_NUMBER]


def near_dag_ids(dag_id: str, *, readable: Collection[str] | None, session: Session) -> list[str]:
    """Return dag_ids that could have been meant. readable: those that the caller may see; None for all."""
    dag_ids = session.execute(select(_DAG.c.dag_id).where(_DAG.c.is_active.is_(True))).scalars()
    return near_names(dag_id, (candidate for candidate in dag_ids if readable is None or candidate in readable))


def near_run_ids(dag_id: str, run_id: str, *, session: Session) -> list[str]:
    """Return run_ids, among those of the DAG's newest runs, that could have been meant."""
    newest = select(RUN.c.run_id).where(RUN.c.dag_id == dag_id).order_by(RUN.c.id.desc()).limit(_NEWEST_RUNS)
    return near_names(run_id, session.execute(newest).scalars(), likeness=_LIKENESS_OF_RUN_IDS)


def near_task_ids(dag_id: str, task_id: str, *, session: Session) -> list[str]:
    """Return tasks and task groups of the DAG that could have been meant."""
    dag, _ = serialized_dag(dag_id, session=session)
    return near_names(task_id, [*dag.task_ids, *filter(None, dag.task_group.get_task_group_dict())])


def tasks_of_run(dag_id: str, run_id: str, *, session: Session) -> dict[str, tuple[int, int]]:
    """Return the run's tasks, each with its smallest and its largest map_index (-1 if it is not mapped)."""
    grouped = (
        select(TI.c.task_id, func.min(TI.c.map_index), func.max(TI.c.map_index))
        .where(TI.c.dag_id == dag_id, TI.c.run_id == run_id)
        .group_by(TI.c.task_id)
    )
    return {task_id: (first, last) for task_id, first, last in session.execute(grouped)}
