"""The params of a DAG, as Airflow's versions store them in a serialized DAG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stored_params(encoded: Any) -> dict[str, dict[str, Any]]:
    """Return the params of a serialized DAG by their names: each one's value, description and schema.

    encoded: what the serialized DAG has under `params`. A param without a value has None. No classes are looked up
    but Airflow's own, those of the values.
    """
    # Airflow < 2.9.3 has an object, whose keys the database may have put in an order of its own
    pairs = encoded.items() if isinstance(encoded, Mapping) else encoded or ()
    return {
        name: {
            "value": _value(param.get("default")),
            "description": _value(param.get("description")),
            "schema": _value(param.get("schema")) or {},
        }
        for name, param in pairs
    }


def _value(encoded: Any) -> Any:
    """Return a value from its form in a serialized DAG. Airflow < 2.10 has its own name for no value, too."""
    from airflow.serialization.serialized_objects import BaseSerialization
    from airflow.utils.types import ArgNotSet

    value = BaseSerialization.deserialize(encoded)
    return None if isinstance(value, ArgNotSet) else value
