"""Where faults are told, of which a check says that they are some, when a DAG's map has keys of the default block."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.workflows import BASH, PYTHON, bash, python, write_callables

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
TORN = "{{ ds "
CALL = {"__type__": "os.system"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Settings with the test workflows' callable files."""
    managed = write_callables(tmp_path_factory.mktemp("managed"))
    return Settings(dag_managed_operators=managed, dag_generated_configs=managed.parent / "configs")


def pointers(default: dict[str, Any], dag: dict[str, Any], settings: Settings) -> list[str]:
    """Return where the faults of a DAG stand to which a default block adds something."""
    config = {"default": {"start_date": "2024-01-01", "schedule": None, **default}, "nightly": dag}
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow({"workflow": {"name": "nightly", "dag_config": config}}, settings, now=NOW, read_variables=False)
    return [fault.pointer.removeprefix("/workflow/dag_config") for fault in caught.value.faults]


def one(**keys: Any) -> dict[str, Any]:
    return {"tasks": {"one": keys}}


# What the default block says, what the DAG says, and where the fault in the default block stands.
OF_THE_BLOCK: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a template": (one(env={"A": TORN}), one(**bash(env={"B": "b"})), "tasks/one/env/A"),
    "a template in a list": (
        one(op_kwargs={"table": {"A": ["{{ ds }}", TORN]}}),
        one(**python("check", op_kwargs={"table": {"B": "b"}})),
        "tasks/one/op_kwargs/table/A/1",
    ),
    "an object": (one(env={"A": CALL}), one(**bash(env={"B": "b"})), "tasks/one/env/A/__type__"),
    "an object in a list of dag-factory's": (
        one(op_kwargs={"A": {"__type__": "builtins.list", "items": [CALL]}}),
        one(**python("check", op_kwargs={"B": "b"})),
        "tasks/one/op_kwargs/A/items/0/__type__",
    ),
    "a map in partial": (
        one(partial={"env": {"A": TORN}}),
        one(operator=BASH, expand={"bash_command": ["true"]}, partial={"env": {"B": "b"}}),
        "tasks/one/partial/env/A",
    ),
    "a list of tasks": (
        {"tasks": [{"task_id": "one", "env": {"A": TORN}}]},
        one(**bash(env={"B": "b"})),
        "tasks/0/env/A",
    ),
    "a list of tasks of the DAG": (
        one(env={"A": TORN}),
        {"tasks": [{"task_id": "one", **bash(env={"B": "b"})}]},
        "tasks/one/env/A",
    ),
    "a text that a template calls": (
        {"user_defined_macros": {"host": "socket.gethostname"}},
        {"user_defined_macros": {"b": 1}, **one(**bash("{{ host() }}"))},
        "user_defined_macros/host",
    ),
    "default_args": (
        {"default_args": {"env": {"A": CALL}}},
        {"default_args": {"env": {"B": "b"}}, **one(**bash())},
        "default_args/env/A/__type__",
    ),
    "a group's default_args": (
        {"task_groups": {"g": {"default_args": {"env": {"A": CALL}}}}},
        {"task_groups": {"g": {"default_args": {"env": {"B": "b"}}}}, **one(**bash(task_group_name="g"))},
        "task_groups/g/default_args/env/A/__type__",
    ),
    # What was read badly is not missing as well.
    "a name that is none": (
        one(python_callable_name=5),
        one(operator=PYTHON, python_callable_file="checks.py"),
        "tasks/one/python_callable_name",
    ),
    "a name that is none, in a list": (
        {"tasks": [{"task_id": "one", "python_callable_name": 5}]},
        one(operator=PYTHON, python_callable_file="checks.py"),
        "tasks/0/python_callable_name",
    ),
    "what is required": (
        one(bash_command={"__type__": 5}),
        one(operator=BASH),
        "tasks/one/bash_command/__type__",
    ),
}


@pytest.mark.parametrize("name", OF_THE_BLOCK)
def test_a_fault_of_the_default_block_is_told_there(settings, name: str):
    """A fault in what the default block adds to a map of the DAG is told once, where it stands in the block."""
    default, dag, place = OF_THE_BLOCK[name]
    assert pointers(default, dag, settings) == [f"/default/{place}"]


def test_a_fault_of_the_dags_own_key_is_told_at_the_dag(settings):
    """A fault in the DAG's own part of such a map is told at the DAG."""
    default, dag = one(env={"A": "a"}), one(**bash(env={"B": TORN}))
    assert pointers(default, dag, settings) == ["/nightly/tasks/one/env/B"]


def test_what_was_read_badly_is_not_missing_as_well(settings):
    """A required argument with a fault of its own is not said to be missing, be it by Airflow itself."""
    task = bash({"__type__": 5}, dependencies=["first"])
    dag = {"tasks": {"first": bash(), "one": task}}
    assert pointers({}, dag, settings) == ["/nightly/tasks/one/bash_command/__type__"]
