"""read_workflow: from a document to a Reading, in three steps.

    as sent → one spelling    dialects.py    PlainWorkflow
    one spelling → checked    the schema     CheckedDag
    checked → canonical       dag_keys.py    DagRead

Each step takes the value that the step before returned, and returns its own with the faults that it has found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.definition import workflow_schema
from openmetadata_airflow_apis.definition.dag_ids import fault_of_name
from openmetadata_airflow_apis.definition.dag_keys import read_dag
from openmetadata_airflow_apis.definition.datasets import DatasetFiles
from openmetadata_airflow_apis.definition.deploy_flags import read_deploy_flags
from openmetadata_airflow_apis.definition.dialects import in_plain_spelling
from openmetadata_airflow_apis.definition.places import WORKFLOW_KEYS, PlainPath, in_document_order
from openmetadata_airflow_apis.definition.reading_context import Context
from openmetadata_airflow_apis.definition.workflow import Reading, Workflow
from openmetadata_airflow_apis.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path as FilePath

    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.definition.dialects import PlainWorkflow


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
    dag = read_dag(context, plain.dag, max_tasks=max_tasks) if isinstance(plain.dag, dict) else None
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
