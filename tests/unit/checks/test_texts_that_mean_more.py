"""No text that means an output or a function survives as a text, wherever it is written."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.workflows import bash, write_callables

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=timezone.utc)
PYTHON = {
    "operator": "airflow.operators.python.PythonOperator",
    "python_callable_name": "choose",  # takes anything by name
    "python_callable_file": "checks.py",
}
DECORATED = {**PYTHON, "decorator": "airflow.decorators.task"}
del DECORATED["operator"]
DATASET = {"__type__": "airflow.datasets.Dataset", "uri": "s3://lake/a"}
PARAM = "airflow.models.param.Param"
SENSOR = {"operator": "airflow.sensors.external_task.ExternalTaskSensor", "external_dag_id": "other"}
TRIGGER = {"operator": "airflow.operators.trigger_dagrun.TriggerDagRunOperator", "trigger_dag_id": "other"}

# Where a value may stand: the place → what a DAG has to have there.
TASKS: dict[str, Any] = {
    "an argument": lambda text: bash(text),
    "a map in an argument": lambda text: bash(env={"A": text}),
    "an argument that is no template": lambda text: bash(executor_config={"a": [text]}),
    "op_args": lambda text: {**PYTHON, "python_callable_name": "answer", "op_args": [text]},
    "op_kwargs": lambda text: {**PYTHON, "op_kwargs": {"a": text}},
    "lists and maps in lists and maps": lambda text: {**PYTHON, "op_kwargs": {"a": [{"b": [[text]]}]}},
    "partial": lambda text: {**PYTHON, "partial": {"op_kwargs": {"a": [text]}}, "expand": {"op_args": [[]]}},
    "expand": lambda text: {**PYTHON, "expand": {"op_args": text}},
    "a list in expand": lambda text: {"operator": bash()["operator"], "expand": {"bash_command": ["echo", text]}},
    "a map in expand": lambda text: {**bash(), "expand": {"env": [{"A": text}]}},
    "a decorated function's parameter": lambda text: {**DECORATED, "a": text},
    "a decorated function's list": lambda text: {**DECORATED, "a": {"b": [text]}},
    "a callback's argument": lambda text: bash(
        on_failure_callback={"callback": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": text}
    ),
    "a task's params": lambda text: bash(params={"a": text}),
    "a Param": lambda text: bash(params={"a": {"__type__": PARAM, "default": text}}),
    "inlets": lambda text: bash(inlets=text),
    "a list of outlets": lambda text: bash(outlets=["s3://lake/b", text]),
    "a dataset's extra": lambda text: bash(outlets=[{**DATASET, "extra": {"a": [text]}}]),
    "the configuration of a run": lambda text: {**TRIGGER, "conf": {"a": {"b": [text]}}},
    "the default of a Variable": lambda text: bash(
        text, variables_as_arguments=[{"variable": "no_such", "attribute": "bash_command"}]
    ),
    "part of a joined text": lambda text: bash({"__join__": ["echo ", text]}),
    "an execution_date_fn": lambda text: {**SENSOR, "execution_date_fn": text},
    "a python_callable": lambda text: {"operator": PYTHON["operator"], "python_callable": text},
    "a python_callable in partial": lambda text: {
        "operator": PYTHON["operator"],
        "partial": {"python_callable": text},
        "expand": {"op_args": [[]]},
    },
    "a list of python_callables": lambda text: {
        "operator": PYTHON["operator"],
        "expand": {"python_callable": [text]},
    },
    "all python_callables": lambda text: {"operator": PYTHON["operator"], "expand": {"python_callable": text}},
    "a pre_execute": lambda text: bash(pre_execute=text),
    "a post_execute in partial": lambda text: {
        "operator": bash()["operator"],
        "partial": {"post_execute": text},
        "expand": {"bash_command": ["echo"]},
    },
    "a decorated task's pre_execute": lambda text: {**DECORATED, "pre_execute": text},
    "a callback": lambda text: bash(on_failure_callback=text),
    "a list of callbacks": lambda text: bash(on_success_callback=[text]),
}
DAGS: dict[str, Any] = {
    "default_args": lambda text: {"default_args": {"bash_command": text}},
    "a map in default_args": lambda text: {"default_args": {"env": {"A": [text]}}},
    "inlets in default_args": lambda text: {"default_args": {"inlets": [text]}},
    "a pre_execute in default_args": lambda text: {"default_args": {"pre_execute": text}},
    "a group's default_args": lambda text: {"task_groups": {"g": {"default_args": {"env": {"A": text}}}}},
    "params": lambda text: {"params": {"a": text}},
    "a Param of the DAG": lambda text: {"params": {"a": {"__type__": PARAM, "default": text}}},
    "a list of macros": lambda text: {"user_defined_macros": {"a": [text]}},
    "a dataset of the schedule": lambda text: {"schedule": [text]},
    "an argument of a timetable": lambda text: {
        "schedule": {"__type__": "airflow.timetables.trigger.CronTriggerTimetable", "cron": text, "timezone": "UTC"}
    },
    "a callback of the DAG": lambda text: {"on_failure_callback": text},
    "the arguments of a document": lambda text: {
        "doc_md_python_callable_name": "choose",
        "doc_md_python_callable_file": "checks.py",
        "doc_md_python_arguments": {"a": [text]},
    },
}
OUTPUTS = ["+first", "first.output", "+first['k']", 'first.output["k"]', "XcomArg(first)", "+first[0]"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Settings with the test workflows' callable files."""
    managed = write_callables(tmp_path_factory.mktemp("managed"))
    return Settings(dag_managed_operators=managed, dag_generated_configs=managed.parent / "configs")


def requests(place: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the requests that have a text at a place: in the DAG itself, and in the default block."""
    first = bash()
    if place in TASKS:
        dag = {"start_date": "2024-01-01", "schedule": None, "tasks": {"first": first}}
        task = TASKS[place](text)
        yield {"nightly": {**dag, "tasks": {"first": first, "one": task}}}
        yield {"default": {"tasks": [{"task_id": "one", **task}]}, "nightly": dag}
    else:
        dag = {"start_date": "2024-01-01", "schedule": None, "tasks": {"first": first, "one": bash()}}
        own = DAGS[place](text)
        yield {"nightly": {**dag, **own}}
        del dag["schedule"]
        yield {"default": {"schedule": None, **own}, "nightly": dag}


def strings(value: Any) -> Iterator[str]:
    """Yield every text in a value, those below an import's tag left out: they are functions then."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "$import":
                yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def definition_of(config: dict[str, Any], settings: Settings) -> Any:
    """Return the definition that a request means, None where it is refused."""
    document = {"workflow": {"name": "nightly", "dag_config": config}}
    try:
        return check_workflow(document, settings, now=NOW, read_variables=False).definition
    except InvalidDefinition:
        return None


@pytest.mark.parametrize("text", OUTPUTS)
@pytest.mark.parametrize("place", [*TASKS, *DAGS])
def test_no_output_survives_as_a_text(settings, place: str, text: str):
    """What names the output of a task is that output, or a fault, wherever it is written."""
    for config in requests(place, text):
        definition = definition_of(config, settings)
        assert text not in set(strings(definition))
        assert not any(text in value for value in strings(definition))


@pytest.mark.parametrize("place", [*TASKS, "default_args", "a map in default_args", "a group's default_args"])
def test_an_output_of_no_task_is_a_fault(settings, place: str):
    """A reference to no task is a fault wherever an argument of a task may stand."""
    if place not in {"inlets", "a list of outlets", "a dataset's extra", "a task's params", "a Param"}:
        for config in requests(place, "+nobody"):
            assert definition_of(config, settings) is None


FUNCTIONS = [place for place in [*TASKS, *DAGS] if "callback" in place or "_callable" in place or "_execut" in place]


@pytest.mark.parametrize("text", ["airflow.macros.ds_add", "helpers.add", "add", "lambda x: x", "checks.check"])
@pytest.mark.parametrize("place", [place for place in FUNCTIONS if place != "a callback's argument"])
def test_no_function_survives_as_a_text(settings, place: str, text: str):
    """What stands where a function is wanted is the function at an allowed path, or a fault."""
    for config in requests(place, text):
        assert text not in set(strings(definition_of(config, settings)))


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("+first", ["+", "first"]),
        ("first.output", ["first", ".output"]),
        ("XcomArg(first)", ["X", "comArg(first)"]),
    ],
)
def test_a_text_that_only_looks_like_an_output(settings, text: str, joined: list[str]):
    """The fault of an output where none can stand says how the text is written, and so it can be."""
    dag = {"start_date": "2024-01-01", "schedule": None, "tasks": {"first": bash()}}

    def document(value: Any) -> dict[str, Any]:
        config = {"nightly": {**dag, "params": {"a": value}, "default_args": {"env": {"A": value}}}}
        return {"workflow": {"name": "nightly", "dag_config": config}}

    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(document(text), settings, now=NOW)
    fault = (
        f"'{text}' is the output of a task, and only the arguments of a task can have one; write it there, or for the "
        f'text {{"__join__": {json.dumps(joined)}}}'
    )
    assert [found.detail for found in caught.value.faults] == [fault, fault]
    definition = check_workflow(document({"__join__": joined}), settings, now=NOW).definition
    assert definition["dag"]["params"] == {"a": text}
    assert definition["dag"]["default_args"]["env"] == {"A": text}
