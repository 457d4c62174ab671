"""Whether this API and what it depends on are well; nothing in it is secret."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.api.common.airflow_health import get_airflow_health
from airflow.utils import timezone

from openmetadata_airflow_apis.settings import dags_folder

if TYPE_CHECKING:
    from pathlib import Path

    from openmetadata_airflow_apis.settings import Settings

HEALTHY, UNHEALTHY = "healthy", "unhealthy"


@dataclass(frozen=True)
class Part:
    """A part of the installation: "healthy" or "unhealthy"."""

    status: str


@dataclass(frozen=True)
class Heart:
    """A process of Airflow's that leaves heartbeats in the database; age in seconds. None where there is none."""

    status: str | None
    latest_heartbeat: datetime | None
    age: float | None


@dataclass(frozen=True)
class Health:
    """status: healthy where the database answers and both folders can be written, which is what a deploy needs.

    scheduler and dag_processor say how soon a deployed DAG runs; where the scheduler parses the files itself,
    which is Airflow's default, dag_processor is all None.
    """

    status: str
    metadatabase: Part
    definitions_folder: Part
    dags_folder: Part
    scheduler: Heart
    dag_processor: Heart


def health(settings: Settings) -> Health:
    """Return the state of each part; raises nothing for one that is not well."""
    found = get_airflow_health()
    database = Part(found["metadatabase"]["status"])
    definitions = Part(HEALTHY if _writable(settings.dag_generated_configs) else UNHEALTHY)
    dags = Part(HEALTHY if _writable(dags_folder()) else UNHEALTHY)
    needed = (database, definitions, dags)
    return Health(
        status=HEALTHY if all(part.status == HEALTHY for part in needed) else UNHEALTHY,
        metadatabase=database,
        definitions_folder=definitions,
        dags_folder=dags,
        scheduler=_heart(found.get("scheduler"), "latest_scheduler_heartbeat"),
        dag_processor=_heart(found.get("dag_processor"), "latest_dag_processor_heartbeat"),
    )


def _writable(folder: Path) -> bool:
    """Say whether files can be written to a folder, or it can be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _heart(found: dict[str, Any] | None, key: str) -> Heart:
    latest = datetime.fromisoformat(found[key]) if found and found.get(key) else None
    return Heart(
        status=found["status"] if found else None,
        latest_heartbeat=latest,
        age=round((timezone.utcnow() - latest).total_seconds(), 3) if latest else None,
    )
