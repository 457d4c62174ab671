"""dag_factory.json: what dag-factory makes of the corpus, and that docs/from-dag-factory.md tells each difference.

scripts/compare_with_dag_factory writes it (`tox run -e dagfactory-old,dagfactory-new`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from corpus.test_corpus import READ, file_of
from openmetadata_airflow_apis.definition.workflow_schema import properties, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).parent
RESULTS = json.loads((CORPUS / "dag_factory.json").read_text())
KEYS = json.loads((CORPUS / "dag_factory_keys.json").read_text())
PAGE = (CORPUS.parents[1] / "docs" / "from-dag-factory.md").read_text()
REFERENCE = (CORPUS.parents[1] / "docs" / "definition.md").read_text()
# What holds a key in a file → its schema.
SCHEMAS = {
    "dag": ["WorkflowDag"],
    "default_args": ["WorkflowDefaultArgs"],
    "task": ["WorkflowTask"],
    "task_group": ["WorkflowTaskGroup"],
    "task_or_group": ["WorkflowTask", "WorkflowTaskGroup"],
}
# What dag-factory itself puts into its maps; nobody writes these.
ITS_OWN = {"task": {"dag", "task_group"}, "task_group": {"dag", "group_id", "parent_group"}}
# Arguments of operators of which dag-factory makes something else: a task takes any argument that its operator has.
ARGUMENTS = {"data", "execution_date_fn", "failure", "headers", "response_check", "success", "volumes"}

# The difference, as it stands in dag_factory.json → the heading of the page under which it is told.
TOLD = {
    r"/dag/schedule_interval: None is expected, not '86400.0 seconds'": "`schedule: null` is no schedule",
    r"/dag/schedule_interval: .*, not 'Dataset'": "Both eras at once",
    r"/dag/(default_args/retry_delay|default_args/retry_delay_sec|dagrun_timeout): ": "Both eras at once",
    r"/tasks/bash/(bash_command|_unrendered_bash_command): 'echo \$LANG'": "The environment is not read",
    r"/tasks/yes_and_no/env/(ON|True): ": "Keys are texts",
    r"/(dag/default_args/start_date|dag/timezone|tasks/a/start_date): .*(22:00:00\+00:00'|'\+02:00') is expected": (
        "Dates keep their offset"
    ),
    r"/(dag|dag/default_args|tasks/a)/start_date: .* before the parse": "Relative dates stay where they are",
    r"/tasks/a/start_date: '2025-01-01T00:00:00\+00:00' is expected, not None": "Every key is read",
    r"/dag/(owner_links/team|fail_stop|max_consecutive_failed_dag_runs|user_defined_(macros|filters)): ": (
        "Every key is read"
    ),
    r"/tasks/(pick|use)/(op_args|op_kwargs|upstream_task_ids|downstream_task_ids)\b": "Outputs in every argument",
    r"/dag/default_args/(timezone|provide_context): nothing is expected": "What only dag-factory understands",
    r"/dag/default_args/trigger_rule: ": "Deprecated names become today's",
    r"/tasks/(below_the_callables|several|script)/": "Templates below both folders",
    r"/tasks/\w+/data: ": "JSON bodies are texts",
    r"/tasks/load/(volumes|affinity|container_resources|security_context)/": "Pods to the bottom",
    r"/(timetable|dag_dependencies)": "Datasets in every form",
    r"/tasks/mapped/partial_kwargs/outlets/": "Datasets in every form",
    r"/tasks/long_form/(bash_command|_unrendered_bash_command): ": "Datasets in every form",
}


def differences() -> Iterator[str]:
    for files in RESULTS.values():
        for dags in files.values():
            for result in dags.values():
                yield from result if isinstance(result, list) else ()


def test_every_file_was_compared() -> None:
    """Both versions of dag-factory were given every YAML file of the corpus that means a DAG."""
    names = {name for name in READ if file_of(name).suffix == ".yaml"}
    assert {version: set(files) for version, files in RESULTS.items()} == {"0.23.0": names, "1.1.0": names}


@pytest.mark.parametrize("difference", sorted(set(differences())))
def test_each_difference_is_told(difference: str) -> None:
    """What dag-factory makes otherwise is on purpose, and the page that tells people how to move says so."""
    headings = {heading for pattern, heading in TOLD.items() if re.match(pattern, difference)}
    assert headings, "neither in TOLD nor on the page"
    assert all(f"### {heading}" in PAGE for heading in headings)


def test_no_difference_is_made_up() -> None:
    """Each difference in the table above is one that was found."""
    found = list(differences())
    assert [pattern for pattern in TOLD if not any(re.match(pattern, line) for line in found)] == []


@pytest.mark.parametrize(
    ("holder", "key"),
    sorted({(holder, key) for keys in KEYS.values() for holder in SCHEMAS for key in keys[holder]}),
)
def test_every_key_of_dag_factory_is_known(holder: str, key: str) -> None:
    """Each key that dag-factory looks up, in either era, stands in the reference, or on the page with what to write."""
    if key in ITS_OWN.get(holder, ()) or (holder == "task" and key in ARGUMENTS):
        return
    known = any(key in properties(name) for name in SCHEMAS[holder])
    refused = any(key in schema(name).get("x-refused", {}) for name in SCHEMAS[holder]) or key.endswith("_lambda")
    assert known or refused, "in no schema"
    assert f"| `{key}` |" in REFERENCE if known else f"`{key}`" in PAGE or key == "dag_id"


def test_keys_of_schedules_and_variables_are_known() -> None:
    """The maps that are no object of the schema have the keys that the documentation tells."""
    for keys in KEYS.values():
        assert set(keys["schedule"]) <= {"datasets", "file", "timetable"}
        assert set(keys["variables_as_arguments"]) == {"attribute", "variable"}


def test_the_reference_has_both_spellings() -> None:
    """Each key of the format stands in the reference, with the name that Airflow has for it."""
    for name in {name for names in SCHEMAS.values() for name in names}:
        for key, of_key in properties(name).items():
            rows = [row for row in REFERENCE.splitlines() if row.startswith(f"| `{key}` |")]
            assert rows, f"{name}.{key}"
            assert "x-airflow-name" not in of_key or any(of_key["x-airflow-name"] in row for row in rows), (
                f"{name}.{key}"
            )
