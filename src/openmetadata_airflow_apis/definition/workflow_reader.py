"""read_workflow: from a document, in either dialect, to a Reading, in three steps.

    as sent → one spelling    in_plain_spelling          PlainWorkflow
    one spelling → checked    _check_against_schema      CheckedDag
    checked → canonical       read_dag, in dag_keys.py   DagRead

Each step takes the value that the step before returned, and returns its own with the faults that it has found.
A request has `workflow` with the DAGs of a dag-factory file in `dag_config` (default_block.py); the body of the 0.1
releases is flat (flat_body.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from openmetadata_airflow_apis.definition import workflow_schema
from openmetadata_airflow_apis.definition.dag_ids import fault_of_name
from openmetadata_airflow_apis.definition.dag_keys import read_dag
from openmetadata_airflow_apis.definition.datasets import DatasetFiles
from openmetadata_airflow_apis.definition.default_block import with_default
from openmetadata_airflow_apis.definition.deploy_flags import read_deploy_flags
from openmetadata_airflow_apis.definition.fault_messages import kind_of, nearest, quoted
from openmetadata_airflow_apis.definition.flat_body import read_flat_body
from openmetadata_airflow_apis.definition.json_limits import unfit_for_json
from openmetadata_airflow_apis.definition.null_values import without_null_keys, without_null_keys_of_flat_body
from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS, Origin, PlainPath, Pointer, in_document_order
from openmetadata_airflow_apis.definition.reading_context import Context
from openmetadata_airflow_apis.definition.workflow import Reading, Workflow
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path as FilePath

    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.json_limits import SentObject


def read_workflow(
    document: object,
    *,
    now: datetime,
    max_tasks: int = 1000,
    dags_folder: FilePath | None = None,
    managed_operators: FilePath | None = None,
    allowed_packages: tuple[str, ...] = (),
    read_document: Callable[[str], str] | None = None,
    every_dag_needs_a_start: bool = False,
) -> Reading:
    """Read a request for deploy_dag in either dialect, and note every fault that can be seen without Airflow.

    now: aware; relative dates are counted from it. max_tasks: the most tasks, and task groups, it may have.
    dags_folder: where deployed DAGs' files are. managed_operators: the folder of the callable files.
    allowed_packages: what dotted paths may name beside Airflow itself.
    read_document: returns the text of a file by its path in the folder of the callable files, or raises ValueError with
    the reason; None if there are no such files.
    every_dag_needs_a_start: whether a DAG without a schedule needs a start date too, as before Airflow 2.8.
    Raises nothing, whatever the document is.
    """
    plain = in_plain_spelling(document, managed_operators=managed_operators)
    checked_dag = _check_against_schema(plain)
    context = Context(
        plain.origin,
        now,
        DatasetFiles(read_document or _without_files),
        allowed_packages=allowed_packages,
        every_dag_needs_a_start=every_dag_needs_a_start,
        skipped_paths=checked_dag.skipped_paths,
        faults=[*plain.faults, *checked_dag.faults],
    )
    name = plain.own.get("name", "")
    name_fault = fault_of_name(name, dags_folder=dags_folder) if "name" in plain.own else None
    if name_fault is not None:
        context.fault(WORKFLOW_KEYS / "name", name_fault)
    force, is_paused = read_deploy_flags(context, plain.own)
    definition: Definition = {"dag_id": name, "dag": {}, "task_groups": [], "tasks": []}
    dag = None
    if isinstance(plain.dag, dict):
        too_many = [_has_too_many(context, plain.dag, key, max_tasks) for key in ("tasks", "task_groups")]
        dag = read_dag(context, plain.dag, with_tasks=not any(too_many))
    if dag is not None:
        definition = {
            "dag_id": name,
            "dag": dag.keys,
            "task_groups": dag.tasks.task_groups,
            "tasks": dag.tasks.tasks,
        }
    return Reading(
        None if context.faults else Workflow(name, force, is_paused, definition, plain.source),
        tuple(in_document_order(document, context.faults)),
        definition,
        dag,
        plain.origin,
    )


def _has_too_many(context: Context, sent: SentObject, key: str, limit: int) -> bool:
    entries = sent.get(key)
    if not isinstance(entries, (dict, list)) or len(entries) <= limit:
        return False
    context.fault(
        PlainPath() / key,
        f"has {len(entries)} {key.replace('_', ' ')}, and {limit} are allowed; an operator can raise "
        "[openmetadata_airflow_apis] max_tasks",
    )
    return True


def _without_files(file: str) -> str:
    raise ValueError(f"the file '{file}' can't be read here: no dag_managed_operators is known")


@dataclass(frozen=True)
class CheckedDag:
    """What the schema says of a plain definition. skipped_paths: the paths at fault, and all of their ancestors."""

    faults: tuple[Fault, ...]
    skipped_paths: frozenset[PlainPath]


def _check_against_schema(plain: PlainWorkflow) -> CheckedDag:
    if plain.dag is None:
        return CheckedDag((), frozenset())
    at_fault_as_sent = {fault.pointer for fault in plain.faults}
    faults: list[Fault] = []
    skipped_paths: set[PlainPath] = set()
    for parts, detail in workflow_schema.faults("WorkflowDag", plain.dag):
        path = PlainPath(parts)
        skipped_paths.update(path.lineage())
        if plain.origin.pointer(path) not in at_fault_as_sent:
            faults.append(Fault(plain.origin.nearest(path), detail))
    return CheckedDag(tuple(faults), frozenset(skipped_paths))


_TOP = PlainPath()


@dataclass(frozen=True)
class PlainWorkflow:
    """A workflow in the plain spelling; its DAG is not checked yet.

    own: the workflow's own keys (name, force, pause, unpause) that were sent and have no fault.
    dag: the definition of its DAG, of any type; None if there is none to read.
    source: the workflow as it was sent. origin: where all of it stands in the document.
    faults: those of all that stands around the DAG.
    """

    own: Mapping[str, Any]
    dag: Any
    source: SentObject
    origin: Origin
    faults: tuple[Fault, ...]


def in_plain_spelling(document: object, *, managed_operators: FilePath | None) -> PlainWorkflow:
    """Return the workflow that a document means, whatever the document is.

    managed_operators: the configured folder of callable files, the only one that a flat body may name.
    """
    unfit = unfit_for_json(document)
    if unfit is not None:
        return _nothing(document, unfit)
    if not isinstance(document, dict):
        return _nothing(document, Fault("", f"{kind_of(document)}; give a map with 'workflow'"))
    wrapping = _missing_wrapping(document)
    if wrapping is not None:
        return _nothing(document, Fault("", wrapping))
    if _is_flat(document):
        body = read_flat_body(without_null_keys_of_flat_body(document), managed_operators)
        return PlainWorkflow(body.own, body.dag, document, Origin(document, body.starts), body.faults)
    return _of_request(document)


def _nothing(document: object, *faults: Fault) -> PlainWorkflow:
    starts = {_TOP: Pointer(""), WORKFLOW_KEYS: Pointer("")}
    return PlainWorkflow({}, None, {}, Origin(document, starts), faults)


def _missing_wrapping(document: SentObject) -> str | None:
    """Return the fault of a workflow or a dag-factory file sent without its wrapping; None for any other document."""
    if "workflow" in document:
        return None
    if isinstance(document.get("dag_config"), dict):
        return """is a workflow without its wrapping; send it as {"workflow": {...}}"""
    names = [key for key in document if key != "default"]
    dags = [document[key] for key in names]
    if not names or not all(isinstance(dag, dict) and "tasks" in dag for dag in dags):
        return None
    several = "" if len(names) == 1 else f", one request for each of {', '.join(map(quoted, names))}"
    wrapped = json.dumps({"name": names[0], "dag_config": "..."}).replace('"..."', "{...}")
    return f"""is a dag-factory document; send it as {{"workflow": {wrapped}}}, the document in dag_config{several}"""


def _is_flat(document: SentObject) -> bool:
    return "workflow" not in document and any(key in document for key in workflow_schema.properties("FlatWorkflow"))


def _of_request(document: SentObject) -> PlainWorkflow:
    faults = [
        Fault(Pointer("").below(steps), detail) for steps, detail in workflow_schema.faults("WorkflowRequest", document)
    ]
    source = document.get("workflow")
    if not isinstance(source, dict):
        return _nothing(document, *faults)
    base = Pointer("/workflow")
    own_keys = {key: value for key, value in source.items() if value is not None}
    for steps, detail in workflow_schema.faults("Workflow", dict(own_keys)):
        faults.append(Fault(base.below(steps), detail))
        if steps:
            own_keys.pop(str(steps[0]), None)
    starts = {_TOP: Pointer(""), WORKFLOW_KEYS: base}
    plain = PlainWorkflow(own_keys, None, source, Origin(document, starts), tuple(faults))
    config = source.get("dag_config")
    if not isinstance(config, dict):
        return plain  # the schema has found that fault already
    return _with_chosen_dag(plain, config, base / "dag_config")


def _with_chosen_dag(plain: PlainWorkflow, config: SentObject, pointer: Pointer) -> PlainWorkflow:
    """Add the DAG of a dag_config that has the workflow's name, or the only one there is."""
    name = plain.own.get("name")
    key, faults = _choose(config, name, pointer)
    if key is None:
        return replace(plain, faults=(*plain.faults, *faults))
    if config[key] is None:
        return replace(plain, faults=(*plain.faults, *faults, Fault(pointer / key, "is null; give a map")))
    merged, starts_below = with_default(
        config[key], config.get("default"), dag_at=pointer / key, default_at=pointer / "default"
    )
    dag = without_null_keys(merged)
    starts = {**plain.origin.starts, _TOP: pointer / key, **starts_below}
    return replace(plain, dag=dag, origin=replace(plain.origin, starts=starts), faults=(*plain.faults, *faults))


def _choose(config: SentObject, name: str | None, pointer: Pointer) -> tuple[str | None, list[Fault]]:
    """Return the key of the workflow's DAG, None if that is unclear, and what is wrong with the keys."""
    keys = [key for key in config if key != "default"]
    if name is not None and name in keys:
        of_others = f"is another DAG than the workflow's, {quoted(name)}; a request deploys one"
        return name, [Fault(pointer / key, of_others) for key in keys if key != name]
    if len(keys) == 1:
        of_name = f"is not the workflow's name, {quoted(name)}; write the same text in both"
        return keys[0], [Fault(pointer / keys[0], of_name)] if name is not None else []
    if name is None:
        return None, []  # that the name is missing, or no text, is a fault already
    return None, [Fault(pointer, f"has no definition of {quoted(name)}, the workflow's name{nearest(name, keys)}")]
