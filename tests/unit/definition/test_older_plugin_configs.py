"""What the older plugin has stored means the DAG that it made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openmetadata_airflow_apis.definition.older_plugin_configs import read_older_config
from openmetadata_airflow_apis.errors import InvalidDefinition

TASK = {"name": "say", "operator": "airflow.operators.bash_operator.BashOperator", "config": {"bash_command": "echo"}}
FLAT = {"name": "hello", "owner": "ann", "startDate": "2024-05-01", "scheduleInterval": None, "tasks": [TASK]}
DAG = {"default_args": {"owner": "ann", "start_date": "2024-05-01"}, "tasks": {}}


def body(config: Any) -> Any:
    return read_older_config(json.dumps(config)).body


def test_what_was_filled_up_with_null_is_left_out_but_for_the_schedule():
    """Keys that say nothing are left out; no schedule is none, which a schedule that is left out would not be."""
    assert body({**FLAT, "description": None, "email": None, "pythonOperatorLocation": None}) == FLAT


def test_what_was_about_one_deploy_is_left_out():
    """The DAG is neither paused nor put on again."""
    assert body({**FLAT, "forceDeploy": "true", "pauseWorkflow": True, "unpauseWorkflow": "false"}) == FLAT


def test_what_had_no_effect_is_left_out_and_told():
    """Tries and catch-up stay those of the installation."""
    config = read_older_config(json.dumps({**FLAT, "retries": 3, "workflowCatchup": "false"}))
    assert config.body == FLAT
    assert config.notes == (
        "retries had no effect there and is left out",
        "workflowCatchup had no effect there and is left out",
    )


@pytest.mark.parametrize(
    ("zone", "date", "read", "notes"),
    [
        ("UTC", "2024-05-01T00:00:00.000Z", "2024-05-01T00:00:00.000", 0),
        ("UTC", "2024-05-01T00:00:00+02:00", "2024-05-01T00:00:00", 1),
        ("Europe/Berlin", "2024-05-01 06:00:00Z", "2024-05-01 06:00:00", 1),
        ("Europe/Berlin", "2024-05-01T06:00:00", "2024-05-01T06:00:00", 0),
        ("Europe/Berlin", "2024-05-01", "2024-05-01", 0),
        ("UTC", "2 days", "2 days", 0),
    ],
)
def test_a_date_is_one_of_the_workflows_time_zone(zone: str, date: str, read: str, notes: int):
    """An offset is dropped, as it was there, and told where that makes another moment of it."""
    config = read_older_config(json.dumps({**FLAT, "startDate": date, "workflowTimezone": zone}))
    assert (config.body["startDate"], len(config.notes)) == (read, notes)


@pytest.mark.parametrize(
    "config",
    [
        {"workflow": {"name": "hello", "force": "true", "unpause": "true", "dag_config": {"hello": DAG}}},
        {"workflow": {"name": "hello", "dag_config": {"hello": DAG}}},
        {"hello": DAG},
    ],
    ids=["request", "request without flags", "dag-factory's form"],
)
def test_other_forms_are_requests_too(config: dict[str, Any]):
    """A request, and a DAG in dag-factory's form, are read as they are, without what was about one deploy."""
    assert body(config)["workflow"] == {"name": "hello", "dag_config": {"hello": DAG}}


@pytest.mark.parametrize("text", ["$HOME", "a ${ADDRESS} b"])
def test_an_environment_variable_is_told_with_its_place(text: str):
    """What stood for a variable of the scheduler's environment would be another text here."""
    task = {**TASK, "config": {"bash_command": text}}
    with pytest.raises(InvalidDefinition) as refused:
        body({**FLAT, "tasks": [TASK, task]})
    (fault,) = refused.value.faults
    assert fault.pointer == "/tasks/1/config/bash_command"
    assert "the older plugin put the environment variable $" in fault.detail


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": {}, "b": {}}', "{"])
def test_what_is_no_workflow_is_refused(text: str):
    """A file that holds no workflow, or several, is a fault and no failure."""
    with pytest.raises(InvalidDefinition):
        read_older_config(text)


@pytest.mark.parametrize(
    "config",
    [{**FLAT, "tasks": 5}, {**FLAT, "startDate": "2024-05-01T00:00:00Z", "workflowTimezone": {}}],
    ids=["tasks", "workflowTimezone"],
)
def test_what_is_of_another_type_is_left_to_the_check_of_the_request(config: Any):
    """A value of a wrong type stays as it is, so that the check of a deploy names it."""
    kept = body(config)
    assert kept["tasks"] == config["tasks"]
    assert kept.get("workflowTimezone") == config.get("workflowTimezone")


def test_a_config_that_is_nested_without_end_is_refused():
    """What can't be stored as JSON is a fault, before anything in it is looked at."""
    nested: Any = "x"
    for _ in range(100):
        nested = [nested]
    with pytest.raises(InvalidDefinition, match="is more than 64 levels deep"):
        body({**FLAT, "description": nested})
