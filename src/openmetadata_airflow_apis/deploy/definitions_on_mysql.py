"""Refuses the values of a definition that MySQL can't store, before anything is written; in a dry run too.

These are values that Airflow's columns can't hold, now or when the first run begins: a task's executor_config is stored
only then, by the scheduler, which would fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel, DagOwnerAttributes, DagTag
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.types import DagRunType
from sqlalchemy import select

from openmetadata_airflow_apis.definition.datasets import DATASET_ALIAS
from openmetadata_airflow_apis.mysql_values import (
    is_mysql,
    refuse_equal_but_for_spaces,
    refuse_large,
    refuse_moments,
    refuse_twins,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow.models.dag import DAG
    from sqlalchemy.orm import Session

    from openmetadata_airflow_apis.definition.canonical import Definition

_DAG, _OF_TASK = DagModel.__table__.c, TaskInstance.__table__.c.executor_config


def refuse_what_mysql_lacks(definition: Definition, dag: DAG | None, *, session: Session) -> None:
    """Raise InvalidRequest for a value that Airflow's database can't store. A few statements, and only on MySQL.

    dag: None if only the DAG processor can build it; then the values of its tasks are not checked.
    """
    if not is_mysql(session):
        return
    arguments = definition["dag"]
    tags, owners = sorted(set(arguments.get("tags") or ())), sorted(arguments.get("owner_links") or ())
    refuse_twins(tags, DagTag.__table__.c.name, "tags of a DAG", session=session)
    refuse_twins(owners, DagOwnerAttributes.__table__.c.owner, "owners of a DAG with a link", session=session)
    if dag is None:
        return
    refuse_large(dag.description or "", _DAG.description, "The description", session=session)
    uris, alias_names = _names_of_datasets(definition, dag)
    refuse_equal_but_for_spaces(sorted(uris), "URIs of datasets", session=session)
    refuse_equal_but_for_spaces(sorted(alias_names), "names of dataset aliases", session=session)
    for task in dag.tasks:
        if getattr(task, "executor_config", None):
            subject = f"The executor_config of the task `{task.task_id}`"
            refuse_large(task.executor_config, _OF_TASK, subject, session=session)
    if dag.timetable.can_be_scheduled:
        refuse_moments(_moments_of_next_run(dag, session=session), session=session)


def _names_of_datasets(definition: Definition, dag: DAG) -> tuple[set[str], set[str]]:
    """Return the URIs of the datasets, and the names of the aliases, that the DAG waits for or its tasks produce."""
    uris, alias_names = set(), set()
    for tag, content in _tagged(definition["dag"].get("schedule")):
        if tag == "$dataset":
            uris.add(content["uri"])
        elif tag == "$call" and content["path"] == DATASET_ALIAS:
            alias_names.add(str((content.get("args") or [content.get("kwargs", {}).get("name")])[0]))
    for outlet in (outlet for task in dag.tasks for outlet in getattr(task, "outlets", None) or ()):
        (uris if hasattr(outlet, "uri") else alias_names).add(str(getattr(outlet, "uri", getattr(outlet, "name", ""))))
    return uris, alias_names


def _tagged(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the tag and the content of each tagged object in a value."""
    if isinstance(value, dict):
        yield from value.items()
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _tagged(item)


def _moments_of_next_run(dag: DAG, *, session: Session) -> Iterator[datetime]:
    """Yield the dates that Airflow writes to the DAG's row for its next run."""
    automated = (DagRunType.BACKFILL_JOB, DagRunType.SCHEDULED)
    last_run = session.scalar(
        select(DagRun)
        .where(DagRun.dag_id == dag.dag_id, DagRun.run_type.in_(automated))
        .order_by(DagRun.execution_date.desc())
        .limit(1)
    )
    next_run = dag.next_dagrun_info(None if last_run is None else dag.get_run_data_interval(last_run))
    if next_run is not None:
        yield from (next_run.logical_date, *next_run.data_interval, next_run.run_after)
