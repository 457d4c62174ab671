"""Says whether this API and what it depends on are healthy; nothing in the answer is secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.api.common.airflow_health import get_airflow_health
from airflow.utils import timezone

from openmetadata_airflow_apis.stores import open_store

if TYPE_CHECKING:
    from openmetadata_airflow_apis.settings import Settings

HEALTHY, UNHEALTHY = "healthy", "unhealthy"


@dataclass(frozen=True)
class Part:
    """A part of the installation: "healthy" or "unhealthy"."""

    status: str


@dataclass(frozen=True)
class Heart:
    """The last heartbeat of one of Airflow's processes; age in seconds. All None if it never had one."""

    status: str | None
    latest_heartbeat: datetime | None
    age: float | None


@dataclass(frozen=True)
class Health:
    """The health of the installation and of its parts.

    status: "healthy" if the database answers and both folders can be written, which is what a deploy needs. scheduler
    and dag_processor are not part of it. dag_processor is all None if the scheduler parses the files itself, which is
    Airflow's default.
    """

    status: str
    metadatabase: Part
    definitions_folder: Part
    dags_folder: Part
    scheduler: Heart
    dag_processor: Heart


def health(settings: Settings) -> Health:
    """Return the state of each part; an unhealthy part is reported, not raised."""
    airflow_health = get_airflow_health()
    store_health = open_store(settings).health()
    database = Part(airflow_health["metadatabase"]["status"])
    definitions = Part(HEALTHY if store_health.definitions else UNHEALTHY)
    dags = Part(HEALTHY if store_health.dag_files else UNHEALTHY)
    needed_parts = (database, definitions, dags)
    return Health(
        status=HEALTHY if all(part.status == HEALTHY for part in needed_parts) else UNHEALTHY,
        metadatabase=database,
        definitions_folder=definitions,
        dags_folder=dags,
        scheduler=_heart(airflow_health.get("scheduler"), "latest_scheduler_heartbeat"),
        dag_processor=_heart(airflow_health.get("dag_processor"), "latest_dag_processor_heartbeat"),
    )


def _heart(process: dict[str, Any] | None, heartbeat_key: str) -> Heart:
    heartbeat = process.get(heartbeat_key) if process else None
    latest = datetime.fromisoformat(heartbeat) if heartbeat else None
    return Heart(
        status=process["status"] if process else None,
        latest_heartbeat=latest,
        age=round((timezone.utcnow() - latest).total_seconds(), 3) if latest else None,
    )
