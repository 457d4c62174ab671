"""A workflow as it was sent → its canonical definition, or every one of its faults with a pointer.

What is allowed is written down once, in openapi.yaml under components/schemas/Workflow*; this room
reads the document, validates by it, and makes one form of all the spellings. It knows no Airflow: what
needs Airflow (does that class exist, does it take this argument) is checks/workflow_check.py's.

    workflow_schema.py   the schema from openapi.yaml, compiled for validation, and as JSON Schema for editors
    fault_messages.py    what jsonschema finds, in our words
    workflow_reader.py   read_workflow: the way from a document to a Reading
    dialects.py          the default block and the flat body become one plain definition
    dag_keys.py, task_keys.py, task_graph.py   the DAG's keys, the tasks, ids and edges
    key_readers.py, plain_values.py, schedules.py, named_functions.py   readers for each x-kind of the schema
    dag_ids.py           which dag_ids are good
    workflow_files.py    JSON and YAML files, with line numbers
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.dag_ids import fault_of_name
    from openmetadata_airflow_apis.definition.fault_messages import closest, nearest
    from openmetadata_airflow_apis.definition.workflow import Reading, Workflow, in_document_order
    from openmetadata_airflow_apis.definition.workflow_files import WorkflowFile, read_file, read_json, read_yaml
    from openmetadata_airflow_apis.definition.workflow_reader import read_workflow
    from openmetadata_airflow_apis.definition.workflow_schema import json_schema

_HOMES = {
    "Reading": "workflow",
    "Workflow": "workflow",
    "WorkflowFile": "workflow_files",
    "fault_of_name": "dag_ids",
    "in_document_order": "workflow",
    "json_schema": "workflow_schema",
    "closest": "fault_messages",
    "nearest": "fault_messages",
    "read_file": "workflow_files",
    "read_json": "workflow_files",
    "read_workflow": "workflow_reader",
    "read_yaml": "workflow_files",
}

__all__ = [
    "Reading",
    "Workflow",
    "WorkflowFile",
    "closest",
    "fault_of_name",
    "in_document_order",
    "json_schema",
    "nearest",
    "read_file",
    "read_json",
    "read_workflow",
    "read_yaml",
]


def __getattr__(name: str) -> object:
    # Whoever needs the Workflow alone doesn't pay for jsonschema and yaml.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
