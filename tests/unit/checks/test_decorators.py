"""TaskFlow decorators, setups and teardowns, as check_workflow takes or refuses them."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.definition.setup_and_teardown import makes_setup_or_teardown
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.workflows import bash, request, taskflow, write_callables

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
DAG = "/workflow/dag_config/nightly"
# What some decorators can't do without.
NEEDED: dict[str, dict[str, Any]] = {
    "external_python": {"python": "/opt/venvs/pandas/bin/python"},
    "branch_external_python": {"python": "/opt/venvs/pandas/bin/python"},
    "kubernetes": {"image": "python:3.11-slim"},
    "kubernetes_cmd": {"image": "python:3.11-slim"},
    "sql": {"conn_id": "warehouse"},
    "analytics": {"datasource_configs": []},
}


def decorators_of_airflow() -> dict[str, Any]:
    """Return every decorator below airflow.decorators.task that makes a task, by its name there."""
    from airflow.decorators import TaskDecoratorCollection, task
    from airflow.providers_manager import ProvidersManager

    with warnings.catch_warnings():  # it imports every provider's hooks, and some warn
        warnings.simplefilter("ignore")
        names = [*vars(TaskDecoratorCollection), *ProvidersManager().taskflow_decorators]
    of_conditions = {"run_if", "skip_if"}  # they change a task that is there
    return {name: getattr(task, name) for name in names if not name.startswith("_") and name not in of_conditions}


DECORATORS = decorators_of_airflow()


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Settings with the test workflows' callable files."""
    managed = write_callables(tmp_path_factory.mktemp("managed"))
    return Settings(dag_managed_operators=managed, dag_generated_configs=managed.parent / "configs")


@pytest.fixture
def virtualenv_installed(tmp_path, monkeypatch) -> None:
    """The program that Airflow looks for when it makes a task of a virtualenv; none of these is run."""
    (tmp_path / "virtualenv").touch(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def checked(settings: Settings, **tasks: dict[str, Any]):
    """Return the DAG that the check has built."""
    return check_workflow(request(tasks=tasks), settings, now=NOW).checked_dag


def faults(settings: Settings, **tasks: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the faults, each with its pointer below the DAG's tasks."""
    with pytest.raises(InvalidDefinition) as caught:
        checked(settings, **tasks)
    return [(fault.pointer.removeprefix(f"{DAG}/tasks"), fault.detail) for fault in caught.value.faults]


@pytest.mark.parametrize("name", DECORATORS)
@pytest.mark.usefixtures("virtualenv_installed")
def test_every_decorator_of_airflow_makes_its_task(settings, name: str):
    """Each decorator of this Airflow and its providers makes a task, by each of its paths."""
    decorator = DECORATORS[name]
    operator = decorator()(lambda: None).operator_class
    paths = [f"airflow.decorators.task.{name}", f"airflow.sdk.task.{name}"]
    paths.append(f"{decorator.__module__}.{decorator.__name__}")
    for path in paths:
        dag = checked(settings, one=taskflow("numbers", **{**NEEDED.get(name, {}), "decorator": path}))
        assert type(dag.get_task("one")) is operator


def test_the_decorators_that_the_package_itself_has():
    """Each decorator that airflow.decorators exports is one of the above, the bare `task`, or a setup or teardown."""
    import airflow.decorators

    others = {"TaskDecorator", "TaskDecoratorCollection", "dag", "task", "task_group"}  # what makes no task, and `task`
    of_the_package = {name: getattr(airflow.decorators, name) for name in set(airflow.decorators.__all__) - others}
    of_tasks = {name for name, decorator in of_the_package.items() if decorator in DECORATORS.values()}
    assert {name for name in of_the_package if makes_setup_or_teardown(f"airflow.decorators.{name}")} == {
        "setup",
        "teardown",
    }
    assert of_tasks == set(of_the_package) - {"setup", "teardown"}


@pytest.mark.parametrize("path", ["airflow.decorators.task_group", "airflow.decorators.dag"])
def test_a_decorator_that_makes_no_task_is_refused(settings, path: str):
    """What decorates functions into something else than tasks is no decorator here."""
    assert faults(settings, one={**taskflow("numbers"), "decorator": path}) == [
        ("/one/decorator", f"'{path}' is not a decorator that makes a task of a function")
    ]


@pytest.mark.parametrize(
    ("task", "place", "detail"),
    [
        (taskflow("numbers", decorator="task"), "/decorator",
         "'task' is no dotted path; give one such as airflow.decorators.task"),
        (taskflow("numbers", decorator=bash()["operator"]), "/decorator",
         "'airflow.operators.bash.BashOperator' is no TaskFlow decorator; give one such as airflow.decorators.task"),
        (taskflow("numbers", decorator="airflow.decorators.task.run_if"), "/decorator",
         ("'airflow.decorators.task.run_if' makes no task; give one such as airflow.decorators.task, and by "
          "pre_execute_name and pre_execute_file a function that raises AirflowSkipException where the task is to be "
          "skipped")),
        (taskflow("numbers", decorator="acme.decorators.task"), "/decorator",
         ("'acme.decorators.task' is in none of the packages that may be used: airflow.decorators, airflow.providers; "
          "allow its package in airflow.cfg: [openmetadata_airflow_apis] allowed_operators = acme")),
        (taskflow("add", op_kwargs={"x": 1}), "/op_kwargs",
         ("is for operators; give the values for a decorated function's parameters by their names, beside the "
          "decorator's arguments")),
        (taskflow("numbers", decorator="airflow.decorators.task.sensor", poke_intervall=3), "/poke_intervall",
         "neither the function 'numbers' nor the decorator takes 'poke_intervall'; did you mean 'poke_interval'?"),
    ],
)  # fmt: skip
def test_what_makes_no_decorated_task(settings, task: dict[str, Any], place: str, detail: str):
    """A path that is no decorator, and what a decorated function can't be given, is told once with what to write."""
    assert faults(settings, one=task) == [(f"/one{place}", detail)]


def test_a_condition_for_a_task(settings):
    """pre_execute_name and pre_execute_file do for any task what run_if and skip_if do in Python."""
    condition = {"pre_execute_name": "alarm", "pre_execute_file": "checks.py"}
    dag = checked(settings, one=taskflow("numbers", **condition), two=bash(**condition))
    assert [task._pre_execute_hook.__name__ for task in dag.tasks] == ["alarm", "alarm"]


def test_a_decorator_of_an_allowed_package(settings, tmp_path, monkeypatch):
    """A package named in allowed_operators serves decorators as well."""
    (tmp_path / "acme_decorators.py").write_text("from airflow.decorators import python_task as shop_task\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    allowed = replace(settings, allowed_operators=("acme_decorators",))
    dag = checked(allowed, one=taskflow("add", decorator="acme_decorators.shop_task", x=1))
    assert dag.get_task("one").op_kwargs == {"x": 1}


def test_a_function_that_only_its_file_could_show(settings):
    """Where a function has a decorator of the author's own, its parameters' values are left to the DAG processor."""
    task = taskflow("decorated", number=1)
    workflow = check_workflow(request(tasks={"one": task, "two": bash(env="+one")}), settings, now=NOW)
    assert workflow.checked_dag is None
    assert workflow.definition["tasks"][0]["arguments"] == {"number": 1}
    assert faults(settings, one=task, two=bash(retrys=1)) == [
        ("/two/retrys", "BashOperator has no argument 'retrys'; did you mean 'retries'?")
    ]


@pytest.mark.parametrize("prefix", ["airflow.decorators.", "airflow.sdk.", "airflow.decorators.setup_teardown."])
def test_setups_and_teardowns_by_decorator(settings, prefix: str):
    """airflow.decorators.setup and teardown make a setup and a teardown of a function, by each of their paths."""
    suffix = "_task" if prefix.endswith("setup_teardown.") else ""
    dag = checked(
        settings,
        create=taskflow("numbers", decorator=f"{prefix}setup{suffix}"),
        delete=taskflow("add", decorator=f"{prefix}teardown{suffix}", x="+create"),
    )
    create, delete = dag.get_task("create"), dag.get_task("delete")
    assert (create.is_setup, create.is_teardown, delete.is_setup, delete.is_teardown) == (True, False, False, True)
    assert (delete.trigger_rule, delete.on_failure_fail_dagrun) == ("all_done_setup_success", False)
    assert delete.upstream_task_ids == {"create"}


@pytest.mark.parametrize(
    ("task", "place", "detail"),
    [
        (bash(is_setup=True, is_teardown=True), "/is_teardown",
         "a task is either a setup or a teardown; take one of them out"),
        (taskflow("numbers", decorator="airflow.decorators.teardown", is_setup=True), "/is_setup",
         "a task is either a setup or a teardown; take one of them out"),
        (taskflow("numbers", decorator="airflow.decorators.setup", is_setup=False), "/is_setup",
         "is false, and airflow.decorators.setup makes it true; take one of them out"),
        (bash(on_failure_fail_dagrun=True), "/on_failure_fail_dagrun",
         "is for teardown tasks alone; add is_teardown, or take it out"),
        ({**taskflow("add"), "expand": {"x": [1]}, "is_teardown": True, "on_failure_fail_dagrun": True},
         "/on_failure_fail_dagrun", "Airflow forgets it of a mapped task; take it out, or 'expand'"),
        (bash(is_teardown=True, trigger_rule="all_done"), "/trigger_rule",
         "the rule of a teardown is all_done_setup_success; take trigger_rule out"),
        (bash(is_setup="yes"), "/is_setup", "is the text 'yes'; give true or false"),
        (bash(setup=True), "/setup", "BashOperator has no argument 'setup'; did you mean 'is_setup'?"),
        (bash(teardown=True), "/teardown", "BashOperator has no argument 'teardown'; did you mean 'is_teardown'?"),
        (bash(dependencies=["before"], trigger_rule="all_done"), "/trigger_rule",
         ("the rule is all_done, and after a setup task ('before') Airflow wants all_success; "
          "give that, or take the setup out of the dependencies")),
    ],
)  # fmt: skip
def test_what_is_no_setup_and_no_teardown(settings, task: dict[str, Any], place: str, detail: str):
    """What Airflow can't take as a setup or a teardown is a fault at its place."""
    assert faults(settings, before=bash(is_setup=True), one=task) == [(f"/one{place}", detail)]


def test_setups_and_teardowns_that_are_false_or_null(settings):
    """False and null say what is so anyway: the definition is the one without the keys."""
    said = bash(is_setup=False, is_teardown=None, on_failure_fail_dagrun=False)
    definitions = [
        check_workflow(request(tasks={"one": task}), settings, now=NOW).definition for task in (said, bash())
    ]
    assert definitions[0] == definitions[1]


def test_mapped_setups_and_teardowns(settings):
    """A mapped task may be a setup or a teardown, and is one after Airflow has serialized it."""
    from airflow.serialization.serialized_objects import SerializedDAG

    mapped = {"bash_command": ["a", "b"]}
    operator = {"operator": "airflow.operators.bash.BashOperator"}
    function = {**taskflow("add"), "expand": {"x": [1, 2]}, "dependencies": ["create"]}
    dag = checked(
        settings,
        create={**operator, "expand": mapped, "is_setup": True},
        delete={**operator, "expand": mapped, "is_teardown": True, "dependencies": ["create"]},
        forget={**function, "is_teardown": True},
    )
    for built in (dag, SerializedDAG.from_dict(SerializedDAG.to_dict(dag))):
        roles = {task.task_id: (task.is_setup, task.is_teardown) for task in built.tasks}
        assert roles == {"create": (True, False), "delete": (False, True), "forget": (False, True)}
        assert built.get_task("forget").trigger_rule == "all_done_setup_success"
