"""dag-factory's default block: what it says goes for the DAG where the DAG says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.places import PlainPath
from openmetadata_airflow_apis.definition.workflow_schema import airflow_name, other_half, schema

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.places import Pointer
    from openmetadata_airflow_apis.definition.workflow_schema import Schema


def with_default(dag: Any, default: Any, pointer: Pointer) -> tuple[Any, dict[PlainPath, Pointer]]:
    """Return the DAG with what the default block adds, and where each addition stands.

    pointer: where the default block stands.
    """
    if not isinstance(dag, dict) or not isinstance(default, dict):
        return dag, {}
    return _merged(dag, default, PlainPath(), pointer, schema("WorkflowDag"))


def _merged(
    own: dict[str, Any], default: dict[str, Any], path: PlainPath, pointer: Pointer, of_map: Schema
) -> tuple[dict[str, Any], dict[PlainPath, Pointer]]:
    """Return a map with the keys of the default block that it has in no spelling; known maps are merged in turn."""
    known = of_map.get("properties", {})
    own_names = {airflow_name(key, known.get(key, {})) for key in own}
    merged = dict(own)
    starts: dict[PlainPath, Pointer] = {}
    for key, value in default.items():
        if key in own:
            of_key = known.get(key) or _of_other_keys(of_map)
            if _can_be_merged(of_key, own[key], value):
                merged[key], starts_below = _merged(own[key], value, path / key, pointer / key, of_key)
                starts.update(starts_below)
        elif airflow_name(key, known.get(key, {})) not in own_names or other_half(known, key) in own:
            merged[key] = value
            starts[path / key] = pointer / key
    return merged, starts


def _of_other_keys(of_map: Schema) -> Schema:
    others = of_map.get("additionalProperties")
    return others if isinstance(others, dict) else {}


def _can_be_merged(of_key: Schema, own: Any, value: Any) -> bool:
    mergeable = "properties" in of_key or "additionalProperties" in of_key
    return mergeable and isinstance(own, dict) and isinstance(value, dict) and "__type__" not in {**own, **value}
