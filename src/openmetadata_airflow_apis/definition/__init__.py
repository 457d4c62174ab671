"""A workflow as it was sent → its canonical definition, or every one of its faults with a pointer.

What is allowed is written down once, in openapi.yaml under components/schemas/Workflow*: the keys, which of them are
refused and why (x-refused) or have no effect (x-role: ignored), other names of a key (x-airflow-name) and of a value
(x-values), the kind of a key's value (x-kind). This room reads a document, validates it by these schemas, and makes
one form of all the spellings. It knows no Airflow: what needs Airflow (is there such a class, does it take this
argument) is in checks/.

    workflow_reader.py  read_workflow: the three steps to a Reading; which dialect a document is in; its dag_config
    workflow.py         Workflow and Reading: what a document was read as
    canonical.py        the canonical definition as types, and its tags
    places.py           the three ways to say where something stands
    reading_context.py  what all readers of a definition know, and where they note faults
    fault_messages.py   how a fault words a value; "did you mean"

Files:

    workflow_files.py        workflows in JSON and YAML files; which DAGs a dag-factory file has
    yaml_documents.py        YAML as JSON would have it, with lines: tags of dag-factory, anchors, doubled keys
    file_encodings.py        the text of a file, in UTF-8 mostly
    line_numbers.py          lines and columns: the place of a fault in its file, of each value in a JSON text
    older_plugin_configs.py  what the older plugin stored, as a request: how it read dates, which keys had no effect

The first step, one spelling:

    json_limits.py    what can be stored as JSON at all
    deploy_flags.py   force, pause, unpause: keys of a deploy and not of its DAG
    default_block.py  what dag-factory's `default` adds to a DAG
    flat_body.py      the flat body of the 0.1 releases: forceDeploy, workflowCatchup and the like
    null_values.py    a key that is null counts as not given

The second step, the schema:

    workflow_schema.py  the schemas of openapi.yaml, compiled for validation, and as JSON Schema for editors
    schema_faults.py    what is at fault by them: unknown keys, wrong types, missing ones

The third step, the canonical form of DAGs and tasks:

    dag_keys.py               the DAG's keys, and what must fit together among them; the usual folder of templates
    dag_ids.py                which names a DAG may have; names that differ in case alone are one
    task_keys.py              the keys of tasks and task groups; variables_as_arguments
    task_ids.py               full ids of tasks and groups, with their groups' prefixes; what a name means
    dependency_cycles.py      dependencies that go round in a circle
    setup_and_teardown.py     tasks that are set up or torn down
    operator_or_decorator.py  what makes a task, an operator or a TaskFlow decorator; which keys can't stand beside it
    moved_operators.py        what the paths of operators in older releases mean today, and the package of each path

The third step, values:

    key_readers.py               an object's keys, by openapi.yaml's x-kind; default_args; params, expand, partial
    renamed_keys_and_values.py   other names of a key (x-airflow-name: schedule_interval), of a value (x-values)
    refused_and_ignored_keys.py  keys such as access_control (x-refused), and provide_context (x-role: ignored)
    dag_factory_values.py        values of any kind: `__type__` objects, `__join__`, `__and__`, plain JSON
    task_outputs.py              texts that name the output of another task: `+task`, `+task['key']`, `task.output`
    dates_and_durations.py       dates, also "2 days" before today; durations, time zones; a start_date that is missing
    schedules.py                 when a DAG runs: cron, presets, durations, timetables, datasets; also inlets, outlets
    datasets.py                  datasets by their URI, or by their names in a file; conditions on datasets as text
    allowed_packages.py          from which packages operators, functions and objects may come, by their dotted paths
    named_functions.py           functions by name: callbacks, imports, macros, pairs of keys for a callable file
    managed_paths.py             paths of callable files below dag_managed_operators
    template_folders.py          in which folders Airflow looks for template files
    kubernetes_arguments.py      a pod's arguments: plain maps that become Kubernetes models
    http_operator_bodies.py      the JSON text that an HTTP operator sends as its body
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openmetadata_airflow_apis.definition.dag_ids import fault_of_name
    from openmetadata_airflow_apis.definition.fault_messages import closest, nearest
    from openmetadata_airflow_apis.definition.places import in_document_order
    from openmetadata_airflow_apis.definition.workflow import Reading, Workflow
    from openmetadata_airflow_apis.definition.workflow_files import WorkflowFile, read_file, read_json, read_yaml
    from openmetadata_airflow_apis.definition.workflow_reader import read_workflow
    from openmetadata_airflow_apis.definition.workflow_schema import json_schema

_HOMES = {
    "Reading": "workflow",
    "Workflow": "workflow",
    "WorkflowFile": "workflow_files",
    "fault_of_name": "dag_ids",
    "in_document_order": "places",
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
    # A caller that needs only the Workflow loads neither jsonschema nor yaml.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
