"""Other names of a key or a value, which openapi.yaml has (x-airflow-name, x-values), and those that Airflow 2 has.

So `schedule_interval` means `schedule`, `retry_delay_sec` is `retry_delay`, and a `default_view` of "tree" is "grid".
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.refused_and_ignored_keys import is_argument
from openmetadata_airflow_apis.definition.workflow_schema import properties

if TYPE_CHECKING:
    from collections.abc import Collection

    from openmetadata_airflow_apis.definition.workflow_schema import Schema


def airflow_name(key: str, of_key: Schema) -> str:
    """Return Airflow's own name of a key."""
    return of_key.get("x-airflow-name", key)


def airflow_value(value: Any, of_key: Schema) -> Any:
    """Return Airflow's own name of a value that a key may have, such as a trigger rule; any other as it is."""
    renamed = of_key.get("x-values", {})
    return renamed.get(value, value) if isinstance(value, str) else value


@cache
def schedule_keys() -> tuple[str, ...]:
    """Return how `schedule` may be written, in a plain definition or a flat body, where null says something of its own.

    A `timetable` can't be null.
    """
    return tuple(
        dict.fromkeys(
            key
            for name in ("WorkflowDag", "FlatWorkflow")
            for key, of_key in properties(name).items()
            if airflow_name(key, of_key) == "schedule" and of_key.get("nullable")
        )
    )


def spellings(name: str, arguments: Collection[str]) -> list[str]:
    """Return how the arguments of an operator may be written in an object: their own names, and those of the format.

    name: the object's schema.
    """
    key_schemas = properties(name)
    keys = [
        key for key, of_key in key_schemas.items() if not is_argument(of_key) or airflow_name(key, of_key) in arguments
    ]
    return list(dict.fromkeys([*arguments, *keys]))
