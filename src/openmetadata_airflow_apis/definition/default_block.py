"""dag-factory's default block: its keys apply to a DAG that doesn't have them itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from openmetadata_airflow_apis.definition.dag_factory_values import VALUE_MARKS
from openmetadata_airflow_apis.definition.places import PlainPath
from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name
from openmetadata_airflow_apis.definition.workflow_schema import companions, schema

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.json_limits import SentObject
    from openmetadata_airflow_apis.definition.places import Pointer
    from openmetadata_airflow_apis.definition.workflow_schema import Schema

    Starts = dict[PlainPath, Pointer]


# The x-kinds whose maps are merged key by key; a schedule or a callback of several keys is one value.
_MAPS = frozenset({"argument", "value"})
# In a list, the key with the id of the task or group.
_ID_KEYS = {"tasks": "task_id", "task_groups": "group_name"}


def with_default(dag: Any, default: Any, *, dag_at: Pointer, default_at: Pointer) -> tuple[Any, Starts]:
    """Return the DAG with what the default block adds.

    The second value: the pointers of the parts that stand elsewhere than at their path in the DAG.
    dag_at, default_at: the pointers of the DAG and of the default block.
    """
    if not isinstance(dag, dict) or not isinstance(default, dict):
        return dag, {}
    merged, starts = _merged(dag, default, PlainPath(), default_at, schema("WorkflowDag"))
    for key, id_key in _ID_KEYS.items():
        kinds = {type(dag.get(key)), type(default.get(key))}
        if list in kinds and kinds <= {list, dict}:
            own_entries = _entries(dag[key], id_key, dag_at / key)
            default_entries = _entries(default[key], id_key, default_at / key)
            entry_schema = schema("WorkflowTask" if key == "tasks" else "WorkflowTaskGroup")
            merged[key], starts_below = _merged_entries(
                own_entries, default_entries, PlainPath((key,)), id_key, entry_schema
            )
            starts.update(starts_below)
    return merged, starts


def _merged(
    own: SentObject, default: SentObject, path: PlainPath, pointer: Pointer, of_map: Schema
) -> tuple[SentObject, Starts]:
    """Return a map with the keys of the default block that it lacks in all spellings; maps in it are merged too."""
    of_keys = of_map.get("properties", {})
    own_names = {airflow_name(key, of_keys.get(key, {})) for key in own}
    merged = dict(own)
    starts: Starts = {}
    for key, value in default.items():
        if key in own:
            of_key = of_keys.get(key) or _of_other_keys(of_map)
            if _can_be_merged(of_key, own[key], value):
                merged[key], starts_below = _merged(own[key], value, path / key, pointer / key, of_key)
                starts.update(starts_below)
        elif airflow_name(key, of_keys.get(key, {})) not in own_names or not companions(of_keys, key).isdisjoint(own):
            merged[key] = value
            starts[path / key] = pointer / key
    return merged, starts


def _of_other_keys(of_map: Schema) -> Schema:
    of_other_keys = of_map.get("additionalProperties")
    if not isinstance(of_other_keys, dict):
        return {}
    return schema(of_other_keys["x-schema"]) if "x-schema" in of_other_keys else of_other_keys


def _can_be_merged(of_key: Schema, own: Any, value: Any) -> bool:
    """Tell whether two values are maps to be merged key by key; a map that stands for one value is not."""
    if not (isinstance(own, dict) and isinstance(value, dict)) or not VALUE_MARKS.isdisjoint({**own, **value}):
        return False
    # Without a schema it is an argument of an operator, or a map in one.
    return not of_key or not {"properties", "additionalProperties"}.isdisjoint(of_key) or of_key.get("x-kind") in _MAPS


# ── tasks and groups, where one side at least is a list ──


class _Entry(NamedTuple):
    """A task or a group of a list or a map. at: where it stands; id_at: where its id stands."""

    sent: Any
    at: Pointer
    id_at: Pointer


def _entries(sent: list[Any] | SentObject, id_key: str, at: Pointer) -> list[_Entry]:
    """Return the entries of a list or a map as those of a list, each with its id as one of its keys."""
    if isinstance(sent, list):
        return [_Entry(entry, at / index, at / index / id_key) for index, entry in enumerate(sent)]
    entries = []
    for key, entry in sent.items():
        keys = {} if entry is None else entry
        entries.append(_Entry({id_key: key, **keys} if isinstance(keys, dict) else entry, at / key, at / key))
    return entries


def _merged_entries(
    own_entries: list[_Entry], default_entries: list[_Entry], path: PlainPath, id_key: str, of_entry: Schema
) -> tuple[list[Any], Starts]:
    """Return the DAG's own entries, each merged with the default's entry of the same id, then the default's others."""
    default_by_id = {entry.sent[id_key]: entry for entry in default_entries if _has_id(entry, id_key)}
    merged: list[Any] = []
    starts: Starts = {}
    for entry in own_entries:
        place = path / len(merged)
        starts.update({place: entry.at, place / id_key: entry.id_at})
        default_entry = default_by_id.get(entry.sent[id_key]) if _has_id(entry, id_key) else None
        if default_entry is None:
            merged.append(entry.sent)
            continue
        keys, starts_below = _merged(entry.sent, default_entry.sent, place, default_entry.at, of_entry)
        merged.append(keys)
        starts.update(starts_below)
    own_ids = {entry.sent[id_key] for entry in own_entries if _has_id(entry, id_key)}
    for entry in default_entries:
        if not (_has_id(entry, id_key) and entry.sent[id_key] in own_ids):
            starts.update({path / len(merged): entry.at, path / len(merged) / id_key: entry.id_at})
            merged.append(entry.sent)
    return merged, starts


def _has_id(entry: _Entry, id_key: str) -> bool:
    return isinstance(entry.sent, dict) and isinstance(entry.sent.get(id_key), str)
