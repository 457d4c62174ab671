"""The flat body of the 0.1 releases, key by key into the plain spelling.

The x-target beside each key in openapi.yaml says where it goes: `dag/` with a path in the plain definition, `none`
for a key that is only checked, or the name of one of the workflow's own keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import workflow_schema
from openmetadata_airflow_apis.definition.fault_messages import quoted
from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS, PlainPath, Pointer
from openmetadata_airflow_apis.definition.workflow_schema import other_half, properties
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from openmetadata_airflow_apis.definition.json_limits import SentObject

    Faulty = AbstractSet[tuple[str | int, ...]]  # the paths of the schema's faults in a body, and their ancestors

_BODY = Pointer("")


@dataclass(frozen=True)
class FlatBody:
    """What a flat body means: the workflow's own keys, the plain definition, and where the parts of both stand.

    What is at fault is left out, but `starts` has its place.
    """

    own: SentObject
    dag: SentObject
    starts: dict[PlainPath, Pointer]
    faults: tuple[Fault, ...]


def read_flat_body(document: SentObject, managed_operators: FilePath | None) -> FlatBody:
    """Return what a flat body means. managed_operators: the only folder of callable files that it may name."""
    schema_faults = list(workflow_schema.faults("FlatWorkflow", document))
    faulty = {path[: length + 1] for path, _ in schema_faults for length in range(len(path))}
    targets, faults = _targets(document)
    faults += [Fault(_BODY.below(path), detail) for path, detail in schema_faults]
    own: SentObject = {}
    dag: SentObject = {}
    starts = {PlainPath(): _BODY, WORKFLOW_KEYS: _BODY}
    starts.update((target, _BODY / key) for key, target in targets.items() if target is not None)
    for key, target in targets.items():
        if key == "tasks":
            tasks = [_read_task(task, index, faulty) for index, task in enumerate(_list(document["tasks"]))]
            dag["tasks"] = [task.keys for task in tasks]
            for task in tasks:
                starts.update(task.starts)
                faults += task.faults
            continue
        if (key,) in faulty:
            continue
        fault = _missing_half(document, key) or (target is None and _wrong_folder(document, key, managed_operators))
        if fault:
            faults.append(Fault(_BODY / key, fault))
        elif target is not None and target[:1] == WORKFLOW_KEYS:
            own[str(target[-1])] = document[key]
        elif target is not None:
            _put(dag, target, _flag(key, document[key]))
    return FlatBody(own, dag, starts, tuple(faults))


def _targets(document: SentObject) -> tuple[dict[str, PlainPath | None], list[Fault]]:
    """Return where the keys of a body go, None for a key that is only checked; only the first of two synonyms.

    The order is the schema's, which becomes that of the canonical definition.
    """
    faults: list[Fault] = []
    key_of: dict[str, str] = {}
    for key, of_key in properties("FlatWorkflow").items():
        if key not in document:
            continue
        first = key_of.setdefault(of_key["x-target"], key)
        if first != key:
            faults.append(Fault(_BODY / key, f"means the same as '{first}', which is there as well; give one of them"))
    return {key: _path_of(target) for target, key in key_of.items()}, faults


def _path_of(target: str) -> PlainPath | None:
    head, _, path = target.partition("/")
    if head == "dag":
        return PlainPath(path.split("/"))
    return None if head == "none" else WORKFLOW_KEYS / head


def _put(dag: SentObject, path: PlainPath, value: Any) -> None:
    *outer, key = map(str, path)
    for part in outer:
        dag = dag.setdefault(part, {})
    dag[key] = value


def _flag(key: str, value: Any) -> Any:
    if properties("FlatWorkflow")[key].get("x-kind") == "flag" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def _missing_half(document: SentObject, key: str) -> str | None:
    """Return the fault, in the flat body's own words, if a function is named without its file or a file without one."""
    other_key = other_half(properties("FlatWorkflow"), key)
    if other_key is None or other_key in document:
        return None
    sent_half, missing_half = ("file", "function") if key.endswith("File") else ("function", "file")
    return f"names a {sent_half} and no {missing_half}; add '{other_key}'"


def _wrong_folder(document: SentObject, key: str, managed_operators: FilePath | None) -> str | None:
    folder = document[key]
    if folder is None or (managed_operators is not None and FilePath(folder) == managed_operators):
        return None
    return (
        "names another folder than the configured one; callable files are read from dag_managed_operators "
        "alone, leave this key out"
    )


@dataclass(frozen=True)
class _FlatTask:
    keys: SentObject
    starts: dict[PlainPath, Pointer]
    faults: list[Fault]


def _read_task(task: Any, index: int, faulty: Faulty) -> _FlatTask:
    """Return the plain keys of a task; in the plain spelling those of its `config` stand beside the others."""
    path, pointer = PlainPath(("tasks", index)), _BODY / "tasks" / index
    keys: SentObject = {}
    starts: dict[PlainPath, Pointer] = {}
    faults: list[Fault] = []
    for key, of_key in properties("FlatWorkflowTask").items():
        if not isinstance(task, dict) or key not in task or ("tasks", index, key) in faulty:
            continue
        if key != "config":
            keys[of_key["x-target"]] = task[key]
            starts[path / of_key["x-target"]] = pointer / key
            continue
        for argument, value in (task["config"] or {}).items():
            if argument in {"task_id", "operator", "dependencies"}:
                detail = f"{quoted(argument)} is said in the task itself, not in its config"
                faults.append(Fault(pointer / "config" / argument, detail))
            else:
                keys[argument] = value
                starts[path / argument] = pointer / "config" / argument
    return _FlatTask(keys, starts, faults)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
