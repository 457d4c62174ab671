"""Every operator, sensor and transfer that is installed, with arguments made from its own signature.

What Airflow makes of the same arguments, given in Python, is what is right. `tox -e operators` walks the packages that
people use most; the other environments walk those that come with Airflow, and a few more.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.dagbuild import build_dag
from openmetadata_airflow_apis.dagbuild.callable_files import ManagedCallables
from openmetadata_airflow_apis.definition.moved_operators import meanings_of
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.described_dags import described, differences
from support.installed_operators import installed_operators, parameters_of, path_of
from support.made_arguments import CALLABLE_FILE, CALLABLE_SOURCE, Spelled, as_argument, made_arguments
from support.wanted_arguments import NEEDED, NOT_EXPRESSIBLE, WANTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow.models.dag import DAG

    from support.made_arguments import MadeArgument

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
START = datetime(2023, 1, 1, tzinfo=timezone.utc)
POINTER = "/workflow/dag_config/operators/tasks"

# What means another class today becomes that one, and has tests of its own.
OPERATORS = [
    operator
    for operator in installed_operators()
    if operator.__name__ not in NOT_EXPRESSIBLE and meanings_of(path_of(operator))[0].path == path_of(operator)
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with one callable file, and a program for virtual environments, which Airflow looks for."""
    home = tmp_path_factory.mktemp("operators")
    managed = home / "dag_managed_operators"
    managed.mkdir()
    (managed / CALLABLE_FILE).write_text(CALLABLE_SOURCE)
    virtualenv = home / "bin" / "virtualenv"
    virtualenv.parent.mkdir()
    virtualenv.touch(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(virtualenv.parent), prepend=os.pathsep)
        yield Settings(
            dag_managed_operators=managed, dag_generated_configs=home / "configs", allowed_callables=("pathlib",)
        )


class Arguments:
    """The arguments of an operator. required: one for each that it can't do without; others: all that can be made."""

    def __init__(self, operator: type, folder: Path) -> None:
        self.operator = operator
        self._find_function = ManagedCallables(folder)
        self.others: dict[str, list[MadeArgument]] = {}
        for name, (parameter, names) in parameters_of(operator).items():
            wanted = WANTED.get(f"{operator.__name__}.{name}", WANTED.get(name))
            self.others[name] = (
                made_arguments(name, parameter, names)
                if wanted is None
                else [as_argument(name, Spelled(value, value)) for value in wanted]
            )
        needed = NEEDED.get(operator.__name__, {})
        self.required = {name: as_argument(name, Spelled(value, value)) for name, value in needed.items()}
        while missing := self._missing():
            self.required.update((name, self.others[name][0]) for name in missing)

    def _missing(self) -> set[str]:
        """Return the arguments that Airflow says are missing, those of a class above it too."""
        try:
            self.add_task(empty_dag(), "task")
        except Exception as error:  # noqa: BLE001 - whatever an operator raises
            return set(re.findall("'(.+?)'", str(error))) if "missing keyword argument" in str(error) else set()
        return set()

    def task(self, **arguments: MadeArgument) -> dict[str, Any]:
        """Return a task's keys in a definition."""
        keys: dict[str, Any] = {"operator": path_of(self.operator)}
        for argument in {**self.required, **arguments}.values():
            keys.update(argument.keys)
        return keys

    def add_task(self, dag: DAG, task_id: str, **arguments: MadeArgument) -> None:
        """Put the same task into a DAG, as an Airflow author does."""
        values = {
            name: argument.value(self._find_function) for name, argument in {**self.required, **arguments}.items()
        }
        self.operator(task_id=task_id, dag=dag, **values)


def empty_dag() -> DAG:
    """Return a DAG without tasks, as `request` has it."""
    from airflow.models.dag import DAG

    return DAG("operators", start_date=START, schedule=None)


def request(tasks: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a deploy with these tasks."""
    dag = {"start_date": START.isoformat(), "schedule": None, "tasks": tasks}
    return {"workflow": {"name": "operators", "dag_config": {"operators": dag}}}


def faults(tasks: dict[str, Any], settings: Settings) -> dict[str, str]:
    """Return the faults of these tasks, by their places."""
    try:
        check_workflow(request(tasks), settings, now=NOW)
    except InvalidDefinition as error:
        return {fault.pointer.removeprefix(POINTER): fault.detail for fault in error.faults}
    return {}


@pytest.mark.parametrize("operator", OPERATORS, ids=path_of)
@pytest.mark.filterwarnings("ignore")  # many say which argument is deprecated
def test_what_a_signature_takes_is_deployed_as_airflow_makes_it(installed: Settings, operator: type) -> None:
    """A task with any argument of its operator's signature becomes what it is in an Airflow author's file."""
    from airflow.serialization.serialized_objects import SerializedDAG

    arguments = Arguments(operator, installed.dag_managed_operators)
    more: dict[str, dict[str, MadeArgument]] = {"required": {}}
    for name, made in arguments.others.items():
        for number, argument in enumerate(made):
            try:
                arguments.add_task(empty_dag(), "task", **{name: argument})
            except Exception:  # noqa: BLE001 - what an operator refuses, with whatever it raises, is refused here
                assert faults({"task": arguments.task(**{name: argument})}, installed) != {}
            else:
                more[f"{name}_{number}"] = {name: argument}
    expected, again = empty_dag(), empty_dag()
    for task_id, argument in more.items():
        arguments.add_task(expected, task_id, **argument)
        arguments.add_task(again, task_id, **argument)

    tasks = {task_id: arguments.task(**argument) for task_id, argument in more.items()}
    assert faults(tasks, installed) == {}
    workflow = check_workflow(request(tasks), installed, now=NOW)
    callables = ManagedCallables(installed.dag_managed_operators)
    dag = build_dag(workflow.definition, fileloc=__file__, callables=callables)
    differing = places(differences(described(expected), described(dag)))
    # Some have an id or a moment that is new each time.
    assert differing - places(differences(described(expected), described(again))) == set()
    read_back = SerializedDAG.from_dict(json.loads(json.dumps(SerializedDAG.to_dict(dag))))
    assert set(read_back.task_dict) == set(tasks)


def places(differing: list[str]) -> set[str]:
    """Return the places of differences, without what is there."""
    return {line.partition(":")[0] for line in differing}


def misspelled(name: str) -> str:
    """Return a name with its last letter twice."""
    return name + name[-1]


@pytest.mark.parametrize("operator", list(filter(parameters_of, OPERATORS)), ids=path_of)
@pytest.mark.filterwarnings("ignore")
def test_a_misspelled_argument_is_named(installed: Settings, operator: type) -> None:
    """An argument that is misspelled has one fault, which names it and the one that was meant."""
    arguments = Arguments(operator, installed.dag_managed_operators)
    tasks, expected = {}, {}
    for name in arguments.others:
        named = arguments.required[name].keys if name in arguments.required else {}
        keys = {key: value for key, value in arguments.task().items() if key not in named}
        wrong = misspelled(name)
        tasks[name] = {**keys, wrong: "some text"}
        expected[f"/{name}/{wrong}"] = f"{operator.__name__} has no argument '{wrong}'; did you mean '{name}'?"
    assert faults(tasks, installed) == expected
