"""Whether a scheduler runs, and the DAG processor if it is a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmetadata_airflow_apis.cli.doctor.finding import PROBLEM, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmetadata_airflow_apis.cli.doctor.installation import Installation


def look(_: Installation) -> Iterator[Finding]:
    """Yield a problem for each of the two that has no recent heartbeat."""
    from airflow.api.common.airflow_health import get_airflow_health
    from airflow.configuration import conf

    health = get_airflow_health()
    if health["scheduler"]["status"] != "healthy":
        yield Finding(PROBLEM, "scheduler", _last_heartbeat(health, "scheduler"), "start `airflow scheduler`")
    standalone = conf.getboolean("scheduler", "standalone_dag_processor", fallback=False)
    if standalone and health["dag_processor"]["status"] != "healthy":
        yield Finding(
            PROBLEM,
            "DAG processor",
            f"{_last_heartbeat(health, 'dag_processor')}, and nothing that is deployed is parsed",
            "start `airflow dag-processor`",
        )


def _last_heartbeat(health: dict[str, dict[str, str | None]], process: str) -> str:
    last_heartbeat = health[process].get(f"latest_{process}_heartbeat")
    return f"its last heartbeat was at {last_heartbeat}" if last_heartbeat else "it never ran with this database"
