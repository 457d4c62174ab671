"""A workflow as it was sent → its canonical definition, or every one of its faults with a pointer.

What is allowed is written down once, in openapi.yaml under components/schemas/Workflow*; this room
reads the document, validates by it, and makes one form of all the spellings. It knows no Airflow: what
needs Airflow (does that class exist, does it take this argument) is deploy/checks.py's.

    schema.py     the schema from openapi.yaml, compiled for validation, and as JSON Schema for editors
    sentences.py  what jsonschema finds, in our words
    reader.py     read_workflow: the way from a document to a Reading
    spellings.py  the default block and the flat body become one plain definition
    dags.py, tasks.py, graph.py   the DAG's keys, the tasks, ids and edges
    kinds.py, values.py, schedules.py, callables.py   readers for each x-kind of the schema
    names.py      which dag_ids are good
    files.py      JSON and YAML files, with line numbers
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.files import WorkflowFile, read_file, read_json, read_yaml
    from openmetadata_airflow_apis.definition.model import Reading, Workflow, in_document_order
    from openmetadata_airflow_apis.definition.names import fault_of_name
    from openmetadata_airflow_apis.definition.reader import read_workflow
    from openmetadata_airflow_apis.definition.schema import json_schema
    from openmetadata_airflow_apis.definition.sentences import closest, nearest

_HOMES = {
    "Reading": "model",
    "Workflow": "model",
    "WorkflowFile": "files",
    "fault_of_name": "names",
    "in_document_order": "model",
    "json_schema": "schema",
    "closest": "sentences",
    "nearest": "sentences",
    "read_file": "files",
    "read_json": "files",
    "read_workflow": "reader",
    "read_yaml": "files",
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
