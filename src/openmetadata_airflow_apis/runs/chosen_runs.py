"""The runs that one call changes together: those it names, or all that match its filters; and those left untouched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from openmetadata_airflow_apis.conflict_errors import TooManyRuns
from openmetadata_airflow_apis.errors import DagRunNotFound
from openmetadata_airflow_apis.list_filters_and_order import conditions
from openmetadata_airflow_apis.runs.dag_run_and_task_lookup import find_dag
from openmetadata_airflow_apis.runs.results import UntouchedRun
from openmetadata_airflow_apis.runs.run_rows import RUN, select_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.runs.run_change_plan import RunPlan

_COLUMNS = {"state": RUN.c.state, "logical_date": RUN.c.execution_date}


@dataclass(frozen=True)
class ChosenRuns:
    """A choice among the runs of a DAG: those that match every filter that is not None.

    run_ids: one of these ids. states: one of these states. logical_date_gte, logical_date_lte: from and to these
    moments, both included. at_most: how many runs may be chosen.
    """

    dag_id: str
    at_most: int
    run_ids: Sequence[str] | None = None
    states: Sequence[str] | None = None
    logical_date_gte: datetime | None = None
    logical_date_lte: datetime | None = None

    @property
    def condition(self) -> object:
        """The SQL condition for the chosen runs."""
        filters = {
            "state": self.states,
            "logical_date_gte": self.logical_date_gte,
            "logical_date_lte": self.logical_date_lte,
        }
        by_run_id = () if self.run_ids is None else (RUN.c.run_id.in_(sorted(set(self.run_ids))),)
        return and_(RUN.c.dag_id == self.dag_id, *by_run_id, *conditions(_COLUMNS, filters))


def find_chosen(chosen: ChosenRuns, *, lock: bool, session: Session) -> list[Row]:
    """Return the rows of the chosen runs in the order of their creation; an empty list if no run matches.

    The columns, and lock, are those of find_run. Raises DagNotFound; DagRunNotFound, which names the run_ids that do
    not exist; and TooManyRuns.
    """
    runs = select_runs(chosen.condition, at_most=chosen.at_most + 1, lock=lock, session=session)
    if len(runs) > chosen.at_most:
        number = session.execute(select(func.count()).select_from(RUN).where(chosen.condition)).scalar_one()
        raise TooManyRuns(chosen.dag_id, number, at_most=chosen.at_most)
    present = {run.run_id for run in runs}
    missing = [run_id for run_id in chosen.run_ids or () if run_id not in present]
    if missing or not runs:
        find_dag(chosen.dag_id, session=session)
    if missing:
        raise DagRunNotFound(chosen.dag_id, missing[0], others=missing[1:])
    return runs


def untouched(plans: Iterable[RunPlan]) -> tuple[UntouchedRun, ...]:
    """Return the runs whose plans touch nothing."""
    runs = (plan.run for plan in plans if not plan.task_instances)
    return tuple(UntouchedRun(run.dag_id, run.run_id, run.execution_date, run.state) for run in runs)
