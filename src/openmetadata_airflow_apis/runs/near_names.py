"""Names like the one that was not found: of DAGs, of a DAG's runs, of a run's tasks. A statement each."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from airflow.models.dag import DagModel
from sqlalchemy import func, select

from openmetadata_airflow_apis.runs.lookup import RUN, TI, serialized_dag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
_NUMBER = 3
# Run ids are long and mostly dates, so that any two are much alike.
_LIKENESS_OF_RUN_IDS = 0.85
_NEWEST_RUNS = 200


def near_names(name: str, names: Iterable[str], *, likeness: float = 0.6) -> list[str]:
    """Return the three names at most that could have been meant, the likeliest first.

    That is another case, or another group (`work.extract` for `extract`), before another spelling.
    """
    known = sorted(set(names))
    last_part = name.rpartition(".")[2]
    same = [known_name for known_name in known if known_name.lower() == name.lower()]
    in_a_group = [known_name for known_name in known if known_name.rpartition(".")[2] == last_part]
    alike = get_close_matches(name, known, n=_NUMBER, cutoff=likeness)
    return list(dict.fromkeys([*same, *in_a_group, *alike]))[:_NUMBER]


def near_dag_ids(dag_id: str, *, readable: Collection[str] | None, session: Session) -> list[str]:
    """Return DAGs of Airflow's that could have been meant. readable: the only ones to tell of; None for all."""
    dag_ids = session.execute(select(_DAG.c.dag_id).where(_DAG.c.is_active.is_(True))).scalars()
    return near_names(dag_id, (known for known in dag_ids if readable is None or known in readable))


def near_run_ids(dag_id: str, run_id: str, *, session: Session) -> list[str]:
    """Return runs of the DAG, among its newest, that could have been meant."""
    newest = select(RUN.c.run_id).where(RUN.c.dag_id == dag_id).order_by(RUN.c.id.desc()).limit(_NEWEST_RUNS)
    return near_names(run_id, session.execute(newest).scalars(), likeness=_LIKENESS_OF_RUN_IDS)


def near_task_ids(dag_id: str, task_id: str, *, session: Session) -> list[str]:
    """Return tasks and task groups of the DAG that could have been meant."""
    dag, _ = serialized_dag(dag_id, session=session)
    return near_names(task_id, [*dag.task_ids, *filter(None, dag.task_group.get_task_group_dict())])


def tasks_of_run(dag_id: str, run_id: str, *, session: Session) -> dict[str, tuple[int, int]]:
    """Return the run's tasks, each with its smallest and its largest map_index (-1 of one that is not mapped)."""
    grouped = (
        select(TI.c.task_id, func.min(TI.c.map_index), func.max(TI.c.map_index))
        .where(TI.c.dag_id == dag_id, TI.c.run_id == run_id)
        .group_by(TI.c.task_id)
    )
    return {task_id: (first, last) for task_id, first, last in session.execute(grouped)}
