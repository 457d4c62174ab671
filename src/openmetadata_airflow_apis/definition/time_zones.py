"""In which time zone dates without an offset are: the DAG's own, or that of default_args."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.reading_context import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import PlainPath
    from openmetadata_airflow_apis.definition.reading_context import Absent, Context


def read_zone_of_dag(context: Context, dag: SentObject, path: PlainPath) -> str | None:
    """Return the DAG's time zone: its own key, else that of default_args, where older files of dag-factory have it."""
    default_args = dag.get("default_args")
    if "timezone" in dag or not isinstance(default_args, dict):
        return read_own_timezone(context, dag, path)
    # A fault in it is noted when default_args are read.
    return read_own_timezone(replace(context, faults=[]), default_args, path / "default_args")


def read_own_timezone(context: Context, keys: Mapping[str, Any], path: PlainPath) -> str | None:
    """Return the `timezone` among the keys of a DAG or of default_args, None if there is none or it is at fault."""
    sent = keys.get("timezone")
    zone = read_timezone(context, sent, path / "timezone") if isinstance(sent, str) else None
    return None if zone is ABSENT else zone


def read_timezone(context: Context, value: str, path: PlainPath) -> str | Literal[Absent.ABSENT]:
    """Return the name of a time zone."""
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        return context.fault(path, f"{quoted(value)} is no IANA time zone; give one such as Europe/Berlin")
    return value
