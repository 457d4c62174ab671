"""Checks a definition as a deploy would, whatever is deployed; says which DAGs the DAG processor alone can build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.exceptions import SerializationError
from airflow.serialization.serialized_objects import SerializedDAG

from openmetadata_airflow_apis.dagbuild.stand_ins import stand_in_dag
from openmetadata_airflow_apis.errors import DagNotBuilt, Fault, InvalidDefinition
from openmetadata_airflow_apis.stores import open_store

if TYPE_CHECKING:
    from airflow.models.dag import DAG

    from openmetadata_airflow_apis.definition import Workflow
    from openmetadata_airflow_apis.definition.canonical import Definition
    from openmetadata_airflow_apis.settings import Settings


@dataclass(frozen=True)
class ValidatedWorkflow:
    """A definition without a fault. needs_parse: whether only the DAG processor can build its DAG."""

    dag_id: str
    task_count: int
    needs_parse: bool


def validate(workflow: Workflow, *, settings: Settings) -> ValidatedWorkflow:
    """Build and serialize a checked workflow's DAG, and keep nothing. Raises InvalidDefinition if that fails."""
    dag = build(workflow, open_store(settings).fileloc(workflow.dag_id), settings)
    return ValidatedWorkflow(workflow.dag_id, len(workflow.definition["tasks"]), needs_parse=dag is None)


def build(workflow: Workflow, fileloc: str, settings: Settings) -> DAG | None:
    """Return a workflow's DAG, None if only the DAG processor can build it. Raises InvalidDefinition."""
    if needs_parse(workflow.definition):
        return None
    dag = workflow.checked_dag
    if dag is None:
        try:
            dag = stand_in_dag(workflow.definition, fileloc=fileloc, folder=settings.dag_managed_operators)
        except DagNotBuilt as error:
            raise InvalidDefinition([Fault("", str(error))]) from error
    dag.fileloc = fileloc  # it was checked as if it had a file of its own
    try:
        # Before anything is stored: a DAG that cannot be serialized would never get its rows.
        SerializedDAG.to_dict(dag)
    except SerializationError as error:
        raise InvalidDefinition([Fault("", str(error))]) from error
    return dag


def needs_parse(definition: Definition) -> bool:
    """Tell whether only the DAG processor can make the DAG exactly.

    TaskFlow decorators look into their functions, and a DAG's documentation may be what a function returns.
    """
    if any("decorator" in task for task in definition["tasks"]):
        return True
    documentation = definition["dag"].get("doc_md")
    return isinstance(documentation, dict) and "$result" in documentation
