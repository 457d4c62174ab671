"""What Airflow's database says of DAGs at a glance: owners, tags, schedule, next and last run, params."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel, DagTag
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import func, select, union_all

from openmetadata_airflow_apis.airflow_versions.stored_params import stored_params

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

    from dateutil.relativedelta import relativedelta
    from sqlalchemy.orm import Session

_DAG = DagModel.__table__
_TAG = DagTag.__table__
_RUN = DagRun.__table__
_SERIALIZED = SerializedDagModel.__table__
_OF_RUN = (_RUN.c.run_id, _RUN.c.state, _RUN.c.execution_date, _RUN.c.start_date, _RUN.c.end_date)
# SQLite takes at most this many SELECTs in one UNION ALL.
_SELECTS = 500


@dataclass(frozen=True)
class LastRun:
    """A DagRun: the one that was created last, or one of the latest."""

    run_id: str
    state: str
    logical_date: datetime
    start_date: datetime | None
    end_date: datetime | None


@dataclass(frozen=True)
class Tag:
    """A tag of a DAG."""

    name: str


@dataclass(frozen=True)
class DagSummary:
    """A DAG at a glance, in the words of Airflow's stable API; empty while Airflow does not know the DAG.

    schedule_interval: a cron expression or a preset, a duration, or the summary of a schedule of another kind; None
    without a schedule. timetable_description: the schedule in words. next_dagrun: the logical date of the next
    scheduled run. next_dagrun_create_after: the earliest moment at which that run is created.
    """

    owners: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    schedule_interval: str | timedelta | relativedelta | None = None
    timetable_description: str | None = None
    next_dagrun: datetime | None = None
    next_dagrun_data_interval_start: datetime | None = None
    next_dagrun_data_interval_end: datetime | None = None
    next_dagrun_create_after: datetime | None = None


def summaries_of(dag_ids: Collection[str], *, session: Session) -> dict[str, DagSummary]:
    """Return the summary of each DAG that Airflow knows. Two statements."""
    tags: dict[str, list[Tag]] = defaultdict(list)
    tag_query = select(_TAG.c.dag_id, _TAG.c.name).where(_TAG.c.dag_id.in_(dag_ids)).order_by(_TAG.c.name)
    for dag_id, name in session.execute(tag_query):
        tags[dag_id].append(Tag(name))
    columns = (
        _DAG.c.schedule_interval,
        _DAG.c.timetable_description,
        _DAG.c.next_dagrun,
        _DAG.c.next_dagrun_data_interval_start,
        _DAG.c.next_dagrun_data_interval_end,
        _DAG.c.next_dagrun_create_after,
    )
    query = select(_DAG.c.dag_id, _DAG.c.owners, *columns).where(_DAG.c.dag_id.in_(dag_ids))
    return {
        row["dag_id"]: DagSummary(
            owners=owners_in(row["owners"]),
            tags=tuple(tags[row["dag_id"]]),
            **{column.name: row[column] for column in columns},
        )
        for row in session.execute(query).mappings()
    }


def owners_in(text: str | None) -> tuple[str, ...]:
    """Return the owners that Airflow keeps in one text, sorted: Airflow < 2.8 has them in any order."""
    return tuple(sorted(owner.strip() for owner in (text or "").split(",") if owner.strip()))


def last_runs_of(dag_ids: Collection[str], *, session: Session) -> dict[str, LastRun]:
    """Return the run that was created last for each DAG that has runs. One statement."""
    newest = select(func.max(_RUN.c.id)).where(_RUN.c.dag_id.in_(dag_ids)).group_by(_RUN.c.dag_id)
    query = select(_RUN.c.dag_id, *_OF_RUN).where(_RUN.c.id.in_(newest))
    return {dag_id: LastRun(*values) for dag_id, *values in session.execute(query)}


def recent_runs_of(dag_ids: Sequence[str], number: int, *, session: Session) -> dict[str, tuple[LastRun, ...]]:
    """Return up to `number` runs of each DAG, latest logical date first; an empty tuple for a DAG without runs.

    Each DAG's runs are read from the end of an index, so older runs cost nothing. One statement per 500 DAGs.
    """
    runs: dict[str, list[LastRun]] = {dag_id: [] for dag_id in dag_ids}
    for begin in range(0, len(dag_ids), _SELECTS):
        latest = [
            select(_RUN.c.dag_id, *_OF_RUN)
            .where(_RUN.c.dag_id == dag_id)
            .order_by(_RUN.c.execution_date.desc())
            .limit(number)
            .subquery()
            .select()
            for dag_id in dag_ids[begin : begin + _SELECTS]
        ]
        for dag_id, *values in session.execute(union_all(*latest)):
            runs[dag_id].append(LastRun(*values))
    return {
        dag_id: tuple(sorted(last_runs, key=lambda run: run.logical_date, reverse=True))
        for dag_id, last_runs in runs.items()
    }


def params_of(dag_id: str, *, session: Session) -> dict[str, dict[str, Any]]:
    """Return the params of a DAG as Airflow has serialized it: each one's value, description and JSON schema.

    None of the DAG's code is imported. One statement.
    """
    row = session.execute(
        select(_SERIALIZED.c.data, _SERIALIZED.c.data_compressed).where(_SERIALIZED.c.dag_id == dag_id)
    ).first()
    if row is None:
        return {}
    data = row.data
    if row.data_compressed is not None:  # [core] compress_serialized_dags
        data = json.loads(zlib.decompress(row.data_compressed))
    return stored_params(data["dag"].get("params"))
