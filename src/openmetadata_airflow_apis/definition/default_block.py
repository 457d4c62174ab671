"""dag-factory's default block: what it says goes for the DAG where the DAG says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from openmetadata_airflow_apis.definition.places import PlainPath
from openmetadata_airflow_apis.definition.plain_values import VALUE_MARKS
from openmetadata_airflow_apis.definition.workflow_schema import airflow_name, companions, schema

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.places import Pointer
    from openmetadata_airflow_apis.definition.workflow_schema import Schema

    Starts = dict[PlainPath, Pointer]


# The kinds of values that are maps of values, and no schedule or callback of several keys.
_MAPS = frozenset({"argument", "value"})
# The key that says in a list which task or group an entry is.
_ID_KEYS = {"tasks": "task_id", "task_groups": "group_name"}


def with_default(dag: Any, default: Any, *, dag_at: Pointer, default_at: Pointer) -> tuple[Any, Starts]:
    """Return the DAG with what the default block adds, and where that stands which doesn't stand at its own path.

    dag_at, default_at: where the two stand.
    """
    if not isinstance(dag, dict) or not isinstance(default, dict):
        return dag, {}
    merged, starts = _merged(dag, default, PlainPath(), default_at, schema("WorkflowDag"))
    for key, id_key in _ID_KEYS.items():
        kinds = {type(dag.get(key)), type(default.get(key))}
        if list in kinds and kinds <= {list, dict}:
            own = _entries(dag[key], id_key, dag_at / key)
            added = _entries(default[key], id_key, default_at / key)
            of_entry = schema("WorkflowTask" if key == "tasks" else "WorkflowTaskGroup")
            merged[key], starts_below = _merged_entries(own, added, PlainPath((key,)), id_key, of_entry)
            starts.update(starts_below)
    return merged, starts


def _merged(
    own: dict[str, Any], default: dict[str, Any], path: PlainPath, pointer: Pointer, of_map: Schema
) -> tuple[dict[str, Any], Starts]:
    """Return a map with the keys of the default block that it has in no spelling; maps are merged in turn."""
    known = of_map.get("properties", {})
    own_names = {airflow_name(key, known.get(key, {})) for key in own}
    merged = dict(own)
    starts: Starts = {}
    for key, value in default.items():
        if key in own:
            of_key = known.get(key) or _of_other_keys(of_map)
            if _can_be_merged(of_key, own[key], value):
                merged[key], starts_below = _merged(own[key], value, path / key, pointer / key, of_key)
                starts.update(starts_below)
        elif airflow_name(key, known.get(key, {})) not in own_names or not companions(known, key).isdisjoint(own):
            merged[key] = value
            starts[path / key] = pointer / key
    return merged, starts


def _of_other_keys(of_map: Schema) -> Schema:
    others = of_map.get("additionalProperties")
    if not isinstance(others, dict):
        return {}
    return schema(others["x-schema"]) if "x-schema" in others else others


def _can_be_merged(of_key: Schema, own: Any, value: Any) -> bool:
    """Tell whether two values are maps of which each key may come from either; a map that is one thing stays so."""
    if not (isinstance(own, dict) and isinstance(value, dict)) or not VALUE_MARKS.isdisjoint({**own, **value}):
        return False
    # Without a schema it is an argument of an operator, or a map in one.
    return not of_key or not {"properties", "additionalProperties"}.isdisjoint(of_key) or of_key.get("x-kind") in _MAPS


# ── tasks and groups, where one side at least is a list ──


class _Entry(NamedTuple):
    """A task or a group of a list or a map. at: where it stands; id_at: where its id does."""

    sent: Any
    at: Pointer
    id_at: Pointer


def _entries(sent: list[Any] | dict[str, Any], id_key: str, at: Pointer) -> list[_Entry]:
    """Return the entries as those of a list, in which each says its id itself."""
    if isinstance(sent, list):
        return [_Entry(entry, at / index, at / index / id_key) for index, entry in enumerate(sent)]
    entries = []
    for key, entry in sent.items():
        keys = {} if entry is None else entry
        entries.append(_Entry({id_key: key, **keys} if isinstance(keys, dict) else entry, at / key, at / key))
    return entries


def _merged_entries(
    own: list[_Entry], added: list[_Entry], path: PlainPath, id_key: str, of_entry: Schema
) -> tuple[list[Any], Starts]:
    """Return a list: the DAG's own entries, each with what the default's one of the same id adds; then the others."""
    added_by_id = {entry.sent[id_key]: entry for entry in added if _has_id(entry, id_key)}
    merged: list[Any] = []
    starts: Starts = {}
    for entry in own:
        place = path / len(merged)
        starts.update({place: entry.at, place / id_key: entry.id_at})
        default = added_by_id.get(entry.sent[id_key]) if _has_id(entry, id_key) else None
        if default is None:
            merged.append(entry.sent)
            continue
        keys, starts_below = _merged(entry.sent, default.sent, place, default.at, of_entry)
        merged.append(keys)
        starts.update(starts_below)
    own_ids = {entry.sent[id_key] for entry in own if _has_id(entry, id_key)}
    for entry in added:
        if not (_has_id(entry, id_key) and entry.sent[id_key] in own_ids):
            starts.update({path / len(merged): entry.at, path / len(merged) / id_key: entry.id_at})
            merged.append(entry.sent)
    return merged, starts


def _has_id(entry: _Entry, id_key: str) -> bool:
    return isinstance(entry.sent, dict) and isinstance(entry.sent.get(id_key), str)
