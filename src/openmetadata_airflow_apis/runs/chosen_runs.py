"""Which runs of a DAG a change of many is about: those that are named, or those that fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from openmetadata_airflow_apis.conflicts import TooManyRuns
from openmetadata_airflow_apis.errors import DagRunNotFound
from openmetadata_airflow_apis.list_filters import conditions
from openmetadata_airflow_apis.runs.lookup import RUN, find_dag, select_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Row
    from sqlalchemy.orm import Session

_COLUMNS = {"state": RUN.c.state, "logical_date": RUN.c.execution_date}


@dataclass(frozen=True)
class ChosenRuns:
    """A choice among the runs of a DAG: by run_ids, or all that fit what else is given; None chooses by nothing.

    states: runs in one of these. logical_date_gte, logical_date_lte: from and to these moments, both included.
    at_most: how many may be chosen.
    """

    dag_id: str
    at_most: int
    run_ids: Sequence[str] | None = None
    states: Sequence[str] | None = None
    logical_date_gte: datetime | None = None
    logical_date_lte: datetime | None = None

    @property
    def condition(self) -> object:
        """The condition for the runs."""
        filters = {
            "state": self.states,
            "logical_date_gte": self.logical_date_gte,
            "logical_date_lte": self.logical_date_lte,
        }
        named = () if self.run_ids is None else (RUN.c.run_id.in_(sorted(set(self.run_ids))),)
        return and_(RUN.c.dag_id == self.dag_id, *named, *conditions(_COLUMNS, filters))


def find_chosen(chosen: ChosenRuns, *, lock: bool, session: Session) -> list[Row]:
    """Return the chosen runs as find_run returns one, by id; where none fits, none.

    lock: as for find_run. Raises DagNotFound; DagRunNotFound, which names those of run_ids that are not there; and
    TooManyRuns.
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
