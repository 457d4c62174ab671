"""Checks a definition as a deploy would, whatever is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openmetadata_airflow_apis.deploy.deployment import build
from openmetadata_airflow_apis.stores import open_store

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition import Workflow
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
