"""Other ways to write a definition, made into the one plain way: the default block, the flat body."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.workflow import escape
from openmetadata_airflow_apis.definition.workflow_schema import airflow_name, properties, schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openmetadata_airflow_apis.definition.reading_context import Context
    from openmetadata_airflow_apis.definition.workflow import Path
    from openmetadata_airflow_apis.definition.workflow_schema import Schema


def with_default(context: Context, dag: Any, default: Any, pointer: str) -> Any:
    """Return the DAG with what the default block says where the DAG says nothing.

    pointer: where the default block stands; the origin remembers what came from there.
    """
    if not isinstance(dag, dict) or not isinstance(default, dict):
        return dag
    return _merged(context, dag, default, (), pointer, schema("WorkflowDag"))


def _merged(
    context: Context, own: dict[str, Any], default: dict[str, Any], path: Path, pointer: str, of_map: Schema
) -> dict[str, Any]:
    known = of_map.get("properties", {})
    said = {airflow_name(key, known.get(key, {})) for key in own}
    result = dict(own)
    for key, value in default.items():
        of_key = known.get(key) or _of_others(of_map)
        place = (*path, key)
        there = f"{pointer}/{escape(key)}"
        mine = own.get(key)
        if key in own:
            mergeable = "properties" in of_key or "additionalProperties" in of_key
            if mergeable and isinstance(mine, dict) and isinstance(value, dict) and "__type__" not in {**mine, **value}:
                result[key] = _merged(context, mine, value, place, there, of_key)
        elif airflow_name(key, known.get(key, {})) not in said or _other_half(known, key) in own:
            result[key] = value
            context.origin.starts[place] = there
    return result


def _of_others(of_map: Schema) -> Schema:
    others = of_map.get("additionalProperties")
    return others if isinstance(others, dict) else {}


def _other_half(known: Mapping[str, Schema], key: str) -> str | None:
    """Return the key that names the file of the function that this key names, or the other way round."""
    if "x-file" in known.get(key, {}):
        return str(known[key]["x-file"])
    return next((name for name, of_name in known.items() if of_name.get("x-file") == key), None)


def plain_of_flat(
    context: Context, document: dict[str, Any], faulty: set[Path]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the workflow's own keys (name, force, ...) and the definition that a flat body means.

    faulty: the paths in the body that the schema found fault with; they are left out here.
    The origin remembers where each part of the definition stands in the body.
    """
    workflow: dict[str, Any] = {}
    dag: dict[str, Any] = {}
    said: dict[str, str] = {}
    for key, of_key in properties("FlatWorkflow").items():
        if key not in document or (key in said.values()):
            continue
        target = of_key["x-target"]
        if target in said:
            detail = f"means the same as '{said[target]}', which is there as well; give one of them"
            context.fault_at(f"/{key}", detail)
            continue
        said[target] = key
        room, _, rest = target.partition("/")
        if room == "dag":
            context.origin.starts[tuple(rest.split("/"))] = f"/{key}"
        if key == "tasks":
            dag["tasks"] = _plain_tasks(context, document["tasks"], faulty)
        elif (key,) in faulty or _lacks_its_half(context, document, key):
            continue
        elif room == "none":
            _check_location(context, document[key], key)
        elif room == "dag":
            _put(dag, rest.split("/"), _flag(of_key, document[key]))
        else:
            workflow[room] = document[key]
    return workflow, dag


def _lacks_its_half(context: Context, document: dict[str, Any], key: str) -> bool:
    """Note a fault, in the flat body's own words, where one of a function and its file is missing."""
    half = _other_half(properties("FlatWorkflow"), key)
    if half is None or half in document:
        return False
    given, missing = ("file", "function") if key.endswith("File") else ("function", "file")
    context.fault_at(f"/{key}", f"names a {given} and no {missing}; add '{half}'")
    return True


def _plain_tasks(context: Context, tasks: Any, faulty: set[Path]) -> list[Any]:
    result: list[Any] = []
    for index, task in enumerate(tasks if isinstance(tasks, list) else []):
        plain: dict[str, Any] = {}
        result.append(plain)
        for key, of_key in properties("FlatWorkflowTask").items():
            if not isinstance(task, dict) or key not in task or ("tasks", index, key) in faulty:
                continue
            if key == "config":
                _put_config(context, plain, task[key] or {}, index)
            else:
                plain[of_key["x-target"]] = task[key]
                context.origin.starts["tasks", index, of_key["x-target"]] = f"/tasks/{index}/{key}"
    return result


def _put_config(context: Context, plain: dict[str, Any], config: dict[str, Any], index: int) -> None:
    for key, value in config.items():
        pointer = f"/tasks/{index}/config/{escape(key)}"
        if key in {"task_id", "operator", "dependencies"}:
            context.fault_at(pointer, f"{quoted(key)} is said in the task itself, not in its config")
            continue
        plain[key] = value
        context.origin.starts["tasks", index, key] = pointer


def _flag(of_key: Schema, value: Any) -> Any:
    if of_key.get("x-kind") == "flag" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        target = target.setdefault(part, {})
    target[path[-1]] = value


def _check_location(context: Context, value: Any, key: str) -> None:
    if value is not None and (context.managed_operators is None or FilePath(value) != context.managed_operators):
        detail = (
            "names another folder than the configured one; callable files are read from dag_managed_operators "
            "alone, leave this key out"
        )
        context.fault_at(f"/{key}", detail)
