"""The published schema: complete, simple enough for generated clients, and the page that is made of it."""

from __future__ import annotations

import importlib.util
import json
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from openmetadata_airflow_apis.definition import json_schema, read_workflow
from openmetadata_airflow_apis.definition.key_readers import KINDS
from openmetadata_airflow_apis.definition.workflow_schema import companions, properties, schemas

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
# Kinds that a part of the reading has for itself, since there is more to them than a value.
APART = {
    "dag_name", "decorator", "duration", "function_file", "function_name", "group_id", "managed_operators", "operator",
    "partial", "task_id", "variables",
}  # fmt: skip


def keys() -> list[tuple[str, str, dict]]:
    return [(name, key, of_key) for name in schemas() for key, of_key in properties(name).items()]


@pytest.mark.parametrize(("name", "key", "of_key"), keys(), ids=lambda part: part if isinstance(part, str) else "")
def test_each_key_is_documented(name: str, key: str, of_key: dict) -> None:
    """Each key has a description, a type, an example, and a default unless it is required; durations have a unit."""
    assert of_key["description"]
    assert "type" in of_key or "x-types" in of_key
    if key in {"workflow", "default_args"}:
        return  # their own keys are
    assert "example" in of_key
    required = schemas()[name].get("required", [])
    must_be_given = key in required or key in {"start_date", "operator"} or name in {"Workflow"}
    assert must_be_given or "x-default" in of_key or of_key.get("x-role") == "key" or key in {"tasks", "timetable"}
    assert of_key.get("x-kind") != "duration" or of_key["x-unit"] == "seconds"


def test_nothing_in_it_stops_generated_clients() -> None:
    """No oneOf or anyOf, no reference that is nullable, and no default that a client would send on its own."""
    text = json.dumps(dict(schemas()))
    for word in ('"oneOf"', '"anyOf"', '"not"', '"default":', '"patternProperties"'):
        assert word not in text


def test_each_kind_has_a_reader() -> None:
    """Each x-kind in the schema is one that the reading knows, and none is there for nothing."""
    used = {of_key["x-kind"] for _, _, of_key in keys() if "x-kind" in of_key}
    assert used == set(KINDS) | APART


@pytest.mark.parametrize(("name", "key", "of_key"), keys(), ids=lambda part: part if isinstance(part, str) else "")
def test_each_example_is_accepted_by_the_schema_for_editors(name: str, key: str, of_key: dict) -> None:
    """Each example is valid by the JSON Schema that editors use."""
    document = json_schema()
    schema = {**document, "$ref": f"#/definitions/{name}/properties/{key}"}
    if "example" in of_key:
        assert list(Draft7Validator(schema).iter_errors(of_key["example"])) == []


BASH = {"operator": "airflow.operators.bash.BashOperator", "bash_command": "echo"}
# What some examples need beside themselves.
BESIDE = {
    "decorator": {"operator": None, "python_callable_name": "f", "python_callable_file": "f.py"},
    "on_failure_fail_dagrun": {"is_teardown": True},
    "partial": {"expand": {"op_args": [[1], [2]]}},
    "variables_as_arguments": {"bash_command": None},
    "fail_stop": {"max_active_runs": 1},
}


def _with_example(name: str, key: str, of_key: dict) -> dict:
    """A workflow with the example of a key in its place, and what it needs beside it."""
    example = {key: of_key["example"], **BESIDE.get(key, {})}
    example.update({other: properties(name)[other]["example"] for other in companions(properties(name), key)})
    if name == "FlatWorkflow":
        task = {"name": "a", "operator": BASH["operator"], "config": {"bash_command": "x"}}
        return {"name": "nightly", "owner": "x", "startDate": "2024-01-01", "tasks": [task], **example}
    if name == "FlatWorkflowTask":
        other = {"name": "extract", "operator": BASH["operator"]}
        return {
            "name": "x1",
            "owner": "x",
            "startDate": "2024-01-01",
            "tasks": [other, {**other, "name": "a", **example}],
        }
    tasks = [{"task_id": before, **BASH} for before in ("extract", "list_tables")]
    groups: dict = {"quality": {}}
    dag: dict = {"default_args": {"start_date": "2024-01-01"}}
    task = {"task_id": "a", **BASH}
    target = {"WorkflowDag": dag, "WorkflowDefaultArgs": dag["default_args"], "WorkflowTask": task}.get(name)
    if name == "WorkflowTaskGroup":
        groups["growth"] = target = {}
        example.pop("group_name", None)
    else:
        groups["growth"] = {}
    target.update(example)
    task = {key: value for key, value in task.items() if value is not None}
    if key == "task_id":
        tasks = tasks[1:]
    dag = {"tasks": [*tasks, task], "task_groups": groups, **dag}
    return {"workflow": {"name": "nightly", "dag_config": {"nightly": dag}}}


@pytest.mark.parametrize(
    ("name", "key", "of_key"),
    [
        case
        for case in keys()
        if case[0] not in {"Workflow", "WorkflowRequest", "WorkflowVariableArgument"}
        and case[1] not in {"default_args", "pythonOperatorLocation"}
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_each_example_is_understood(name: str, key: str, of_key: dict) -> None:
    """Each example in the reference is accepted where it belongs."""
    document = _with_example(name, key, of_key)
    reading = read_workflow(document, now=NOW, allowed_packages=("acme",))
    assert [str(fault) for fault in reading.faults] == []


def test_the_schema_for_editors_is_a_json_schema() -> None:
    """The document that is served to editors is valid draft 7, and finds what is wrong."""
    document = json_schema()
    Draft7Validator.check_schema(document)
    wrong = {"workflow": {"name": "x", "dag_config": {"x": {"tasks": [{"retries": "3"}], "scedule": None}}}}
    assert {error.validator for error in Draft7Validator(document).iter_errors(wrong)} == {
        "type",
        "additionalProperties",
    }


def _reference():
    path = ROOT / "scripts" / "definition_reference.py"
    spec = importlib.util.spec_from_file_location("definition_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    """The reference in docs/definition.md is what scripts/definition_reference.py makes of the schema now."""
    text = (ROOT / "docs" / "definition.md").read_text(encoding="utf-8")
    assert text == _reference().page(text)


def test_the_workflow_that_the_page_shows_is_accepted() -> None:
    """The first example of docs/definition.md is a workflow without a fault."""
    text = (ROOT / "docs" / "definition.md").read_text(encoding="utf-8")
    document = json.loads(text.partition("```json\n")[2].partition("```")[0])
    assert read_workflow(document, now=NOW).faults == ()


def test_a_large_definition_is_read_in_time() -> None:
    """A definition of 500 tasks is checked in at most 150 milliseconds, the best of five tries."""
    tasks = {
        f"task_{index}": {
            "operator": "airflow.operators.bash.BashOperator",
            "bash_command": "echo {{ ds }}",
            "env": {"A": "1", "B": "2"},
            "retries": 1,
            "retry_delay_sec": 60,
            "pool": "default_pool",
            "trigger_rule": "all_done",
            "dependencies": [f"task_{before}" for before in range(max(0, index - 3), index)],
        }
        for index in range(500)
    }
    dag = {"default_args": {"owner": "x", "start_date": "2024-01-01"}, "schedule": "0 3 * * *", "tasks": tasks}
    document = {"workflow": {"name": "nightly", "dag_config": {"nightly": dag}}}
    durations = []
    for _ in range(5):
        started = time.process_time()
        assert read_workflow(document, now=NOW).faults == ()
        durations.append(time.process_time() - started)
    assert min(durations) <= 0.150
