"""The types in definition/canonical.py and what reading gives agree, key by key and tag by tag."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import get_args

import pytest

from openmetadata_airflow_apis.dagbuild.built_values import _MAKERS
from openmetadata_airflow_apis.definition import read_workflow
from openmetadata_airflow_apis.definition.canonical import TAGS, DagKeys, Definition, Tagged
from openmetadata_airflow_apis.definition.renamed_keys_and_values import airflow_name
from openmetadata_airflow_apis.definition.workflow_schema import properties
from support.canonical_types import misfits

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
APART = {"tasks", "task_groups", "timezone"}  # keys of a plain definition that are no arguments of airflow.DAG

EVERY_TAG = {
    "schedule": {"__and__": ["s3://a/b", {"__or__": ["s3://c/d", {"__type__": "airflow.datasets.Dataset", "uri": "s3://e", "extra": {"k": 1}}]}]},
    "start_date": "2024-01-01",
    "timezone": "Europe/Berlin",
    "end_date": {"__type__": "datetime.datetime", "year": 2030, "month": 1, "day": 1},
    "default_args": {"owner": "ann", "retry_delay": "2 minutes"},
    "on_failure_callback": {"callback": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": "a@b.example"},
    "on_success_callback_name": "tell",
    "on_success_callback_file": "tell.py",
    "doc_md_file_path": "tags.md",
    "template_searchpath": "sql",
    "task_groups": {"outer": {"tooltip": "All of it", "default_args": {"retries": 1}}, "inner": {"parent_group_name": "outer"}},
    "tasks": {
        "extract": {
            "operator": "airflow.operators.python.PythonOperator",
            "python_callable_name": "extract",
            "python_callable_file": "extract.py",
            "task_group_name": "inner",
            "inlets": ["s3://a/b"],
        },
        "load": {
            "operator": "airflow.operators.bash.BashOperator",
            "bash_command": {"__join__": ["echo ", "+outer.inner.extract"]},
            "env": {"$HOME": "/srv"},
            "variables_as_arguments": [{"variable": "where", "attribute": "cwd"}],
            "params": {"n": {"__type__": "airflow.models.param.Param", "default": 1}},
            "dependencies": ["outer"],
        },
        "each": {
            "decorator": "airflow.decorators.task",
            "python_callable": "airflow.utils.helpers.chunks",
            "partial": {"retries": 2},
            "expand": {"day": "+load"},
        },
    },
}  # fmt: skip


# A DAG has one documentation.
EVERY_OTHER_TAG = {key: value for key, value in EVERY_TAG.items() if key != "doc_md_file_path"} | {
    "doc_md_python_callable_name": "describe",
    "doc_md_python_callable_file": "tell.py",
}
EXAMPLES = [{"workflow": {"name": "tags", "dag_config": {"tags": dag}}} for dag in (EVERY_TAG, EVERY_OTHER_TAG)]


def documents() -> list[object]:
    return [*EXAMPLES, *(json.loads(path.read_text()) for path in sorted((ROOT / "examples").glob("*.json")))]


@pytest.mark.parametrize("document", documents())
def test_what_reading_gives_is_of_the_type(document: object) -> None:
    """Each definition has the keys and values that the type Definition says, to the contents of its tags."""
    reading = read_workflow(document, now=NOW, max_tasks=5000)
    assert not reading.faults
    assert misfits(reading.definition, Definition) == []


def test_the_examples_have_every_tag() -> None:
    """Each tag comes up in the examples above, so that each of their types is looked at."""
    definitions = [read_workflow(example, now=NOW).definition for example in EXAMPLES]
    assert set(re.findall(r'"(\$[a-z]+)":', json.dumps(definitions))) == TAGS


def test_each_tag_has_a_type_and_a_maker() -> None:
    """Each tag has one type that says what it holds, and one function that makes an object of that."""
    assert {key for tagged in get_args(Tagged) for key in tagged.__annotations__} == TAGS
    assert set(_MAKERS) == TAGS


def test_the_type_of_the_dag_has_its_keys() -> None:
    """DagKeys has the arguments of airflow.DAG that the schema of a DAG gives, and no others."""
    names = {airflow_name(key, of_key) for key, of_key in properties("WorkflowDag").items() if key not in APART}
    assert set(DagKeys.__annotations__) == names


@pytest.mark.parametrize(
    ("definition", "misfit"),
    [
        ({"dag_id": "x", "dag": {"schedul": None}, "task_groups": [], "tasks": []}, "/dag/schedul: no key of DagKeys"),
        ({"dag_id": "x", "dag": {"default_args": {"a": {"$dat": "b"}}}, "task_groups": [], "tasks": []}, "$dat"),
        ({"dag_id": "x", "dag": {}, "task_groups": [], "tasks": [{"task_id": "a"}]}, "/tasks/0: label is missing"),
    ],
)
def test_what_is_not_of_the_type_is_found(definition: object, misfit: str) -> None:
    """The comparison with the types finds a key that there isn't, a tag that there isn't, and a key that is missing."""
    assert any(misfit in found for found in misfits(definition, Definition))


def test_the_architecture_shows_a_stored_task() -> None:
    """The task that docs/architecture.md shows is stored as it says."""
    text = (ROOT / "docs/architecture.md").read_text()
    sent, stored = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    bash = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "true"}
    dag = {
        "start_date": "2024-01-01",
        "task_groups": {"growth": None},
        "tasks": {"extract": bash, "count": bash, "load": sent},
    }
    reading = read_workflow({"workflow": {"name": "nightly", "dag_config": {"nightly": dag}}}, now=NOW)
    assert json.dumps(reading.definition["tasks"][-1]) == json.dumps(stored)
