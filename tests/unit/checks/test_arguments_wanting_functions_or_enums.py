"""Arguments for which operators want functions, classes, or members of an Enum."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import pytest
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

from openmetadata_airflow_apis.checks.arguments_wanting_functions_or_enums import wants_function, wants_functions
from openmetadata_airflow_apis.checks.operator_signatures import signature_of
from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.dagbuild.built_values import import_object
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.installed_operators import path_of
from support.workflows import bash, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
DAG = "/workflow/dag_config/nightly"


def faults(document: dict[str, Any]) -> dict[str, str]:
    """Return the faults of a definition by their pointer below the DAG."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(document, Settings(), now=NOW)
    return {fault.pointer.removeprefix(DAG): fault.detail for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("hint", "wanted"),
    [
        ("Callable", True),
        ("Callable[[Any], bool] | None", True),
        ("None | Callable[..., str | bytes]", True),
        ("Optional[Callable[[str], Any]]", True),
        ("Union[Callable, None]", True),
        ("typing.Callable[[Any], list[tuple] | None]", True),
        (Callable, True),
        (Optional[Callable[..., Any]], True),
        ("str | Callable", False),
        ("type[AuthBase] | None", True),
        ("Optional[Type[AuthBase]]", True),
        ("MessageCallback | None", True),
        ("str | type", False),
        ("list[Callable]", False),
        ("str", False),
        (Union[str, Callable[..., Any]], False),
        ("no hint at all", False),
    ],
)
def test_a_hint_says_whether_a_function_is_wanted(hint: object, wanted: bool) -> None:
    """An argument wants a function or a class where its hint allows nothing else, but for None."""
    parameter = inspect.Parameter("argument", inspect.Parameter.KEYWORD_ONLY, annotation=hint)
    assert wants_function(parameter) is wanted


@pytest.mark.parametrize(
    ("hint", "wanted"),
    [
        ("list[type[Callback]] | type[Callback] | None", True),
        ("list[Callable]", True),
        ("Optional[List[Type[Callback]]]", True),
        ("typing.Sequence[Callable[..., str]]", True),
        (Union[list[type], type, None], True),
        ("list[type | None]", True),
        ("type[Callback] | None", False),
        ("list[str] | type", False),
        ("list[Callable] | str", False),
        ("list[Callable | str]", False),
        ("list", False),
        ("no hint at all", False),
    ],
)
def test_a_hint_says_whether_a_list_of_functions_is_wanted(hint: object, wanted: bool) -> None:
    """An argument takes a list of functions or classes where its hint allows nothing else, but for one of them."""
    parameter = inspect.Parameter("argument", inspect.Parameter.KEYWORD_ONLY, annotation=hint)
    assert wants_functions(parameter) is wanted


@pytest.mark.parametrize(
    ("path", "functions"),
    [
        ("airflow.sensors.external_task.ExternalTaskSensor", {"execution_date_fn"}),
        ("airflow.providers.http.sensors.http.HttpSensor", {"response_check"}),
        ("airflow.providers.http.operators.http.HttpOperator", {"response_check", "response_filter", "auth_type"}),
        ("airflow.providers.common.sql.sensors.sql.SqlSensor", {"success", "failure"}),
        ("airflow.operators.python.PythonOperator", {"python_callable"}),
        ("airflow.operators.bash.BashOperator", set()),
    ],
)
def test_an_operators_signature_says_which_arguments_want_functions(path: str, functions: set[str]) -> None:
    """The arguments that want functions are told by the signatures of the class and of those above it."""
    assert functions - signature_of(import_object(path)).functions == set()


# A provider of 2023 has no callbacks, and one of 2024 takes one class.
TAKES_CALLBACKS = "callbacks" in signature_of(KubernetesPodOperator).function_lists
CALLBACK = "airflow.providers.cncf.kubernetes.callbacks.KubernetesPodOperatorCallback"


def pod(**arguments: Any) -> dict[str, Any]:
    return {"operator": path_of(KubernetesPodOperator), "name": "pod", "image": "busybox", **arguments}


def tasks_of(document: dict[str, Any]) -> list[Any]:
    """Return the tasks of the DAG that a definition becomes."""
    return check_workflow(document, Settings(), now=NOW).checked_dag.tasks


@pytest.mark.skipif(not TAKES_CALLBACKS, reason="this provider's operator takes no list of classes")
def test_each_text_of_a_list_of_classes_is_a_class() -> None:
    """Where an operator takes a list of classes, each dotted path in it is one: in the task, mapped or by default."""
    callback = import_object(CALLBACK)
    default = {"callbacks": [CALLBACK]}
    tasks = {"one": pod(), "two": pod(callbacks=CALLBACK)}
    document = request(default_args=default, start_date="2024-01-01", tasks=tasks)
    assert [task.callbacks for task in tasks_of(document)] == [[callback], [callback]]
    document = request(
        start_date="2024-01-01",
        tasks={
            "one": pod(callbacks=[CALLBACK, CALLBACK]),
            "two": pod(expand={"callbacks": [[CALLBACK], CALLBACK, []]}),
            "three": pod(partial={"callbacks": [CALLBACK]}, expand={"cmds": [["true"]]}),
        },
    )
    one, two, three = tasks_of(document)
    assert one.callbacks == [callback, callback]
    assert two.expand_input.value == {"callbacks": [[callback], callback, []]}
    assert three.partial_kwargs["callbacks"] == [callback]


@pytest.mark.skipif(not TAKES_CALLBACKS, reason="this provider's operator takes no list of classes")
def test_a_text_in_a_list_of_classes_that_is_none_is_a_fault() -> None:
    """A text that names no class, or what is no text, is a fault at its place in the list."""
    tasks = {"one": pod(callbacks=[CALLBACK, "nobody", 5]), "two": pod(expand={"callbacks": [[CALLBACK, "os.system"]]})}
    found = faults(request(start_date="2024-01-01", tasks=tasks))
    assert list(found) == ["/tasks/one/callbacks/1", "/tasks/one/callbacks/2", "/tasks/two/expand/callbacks/0/1"]
    assert found["/tasks/one/callbacks/1"] == (
        "'nobody' is no dotted path; write callbacks_name: nobody, callbacks_file: FILE.py for a function of a file in "
        "dag_managed_operators, or a path such as package.module.name"
    )


def test_a_text_in_default_args_is_no_function() -> None:
    """default_args give an operator's function as a task does, and the same faults."""
    sensor = {"operator": "airflow.sensors.external_task.ExternalTaskSensor", "external_dag_id": "other"}
    document: Any = request(
        start_date="2024-01-01", default_args={"execution_date_fn": "tomorrow"}, tasks={"wait": sensor, "one": bash()}
    )
    assert faults(document) == {
        "/default_args/execution_date_fn": (
            "'tomorrow' is no dotted path; write execution_date_fn_name: tomorrow, execution_date_fn_file: FILE.py for "
            "a function of a file in dag_managed_operators, or a path such as package.module.name"
        )
    }


@pytest.mark.parametrize("value", [5, True, ["airflow.macros.ds_add"]])
def test_what_is_no_text_is_no_function(value: object) -> None:
    """A number or a list where a function is wanted is a fault that names the keys to write."""
    sensor = {
        "operator": "airflow.sensors.external_task.ExternalTaskSensor",
        "external_dag_id": "other",
        "execution_date_fn": value,
    }
    ((place, detail),) = faults(request(start_date="2024-01-01", tasks={"wait": sensor})).items()
    assert place == "/tasks/wait/execution_date_fn"
    assert detail.endswith(
        "give a function, by execution_date_fn_name and execution_date_fn_file or by its dotted path"
    )


OPERATOR = """
from __future__ import annotations

from enum import Enum

from airflow.models.baseoperator import BaseOperator


class Colour(Enum):
    RED = "red paint"
    BLUE = 2


class Word(str, Enum):
    YES = "yes"


class Paint(BaseOperator):
    template_fields = ("second",)

    def __init__(
        self,
        *,
        first: Colour = Colour.RED,
        second: Colour | None = None,
        third: Colour | str = "",
        word: Word = Word.YES,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.first, self.second, self.third, self.word = first, second, third, word
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that allow the package `painting`, which has an operator that wants members of an Enum."""
    folder: Path = tmp_path_factory.mktemp("packages")
    (folder / "painting").mkdir()
    (folder / "painting" / "__init__.py").write_text(OPERATOR)
    managed = tmp_path_factory.mktemp("managed")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield Settings(
            dag_managed_operators=managed, dag_generated_configs=managed / "configs", allowed_operators=("painting",)
        )


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"first": "red paint"}, {"first": {"$import": "painting.Colour.RED"}}),
        ({"first": "BLUE"}, {"first": {"$import": "painting.Colour.BLUE"}}),
        ({"first": 2}, {"first": {"$import": "painting.Colour.BLUE"}}),
        ({"second": "BLUE"}, {"second": {"$import": "painting.Colour.BLUE"}}),
        ({"second": "{{ params.colour }}"}, {"second": "{{ params.colour }}"}),
        ({"third": "red paint"}, {"third": "red paint"}),
        ({"word": "yes"}, {"word": "yes"}),
    ],
)
def test_the_text_of_a_member_becomes_the_member(settings: Settings, given: dict, stored: dict) -> None:
    """The value or the name of a member is that member; what may be a text, or equals one, stays as it is."""
    document = request(tasks={"one": {"operator": "painting.Paint", **given}})
    assert check_workflow(document, settings, now=NOW).definition["tasks"][0]["arguments"] == stored


def test_a_mapped_task_gets_the_members(settings: Settings) -> None:
    """A mapped task gets the members themselves: those that it is mapped over, and those that are the same for each."""
    from airflow.serialization.serialized_objects import SerializedDAG

    task = {"operator": "painting.Paint", "partial": {"first": "BLUE"}, "expand": {"second": ["red paint", "BLUE"]}}
    dag = check_workflow(request(tasks={"one": task}), settings, now=NOW).checked_dag
    mapped = dag.get_task("one")
    members = [mapped.partial_kwargs["first"], *mapped.expand_input.value["second"]]
    assert all(isinstance(member, Enum) for member in members)
    assert [member.name for member in members] == ["BLUE", "RED", "BLUE"]
    SerializedDAG.to_dict(dag)


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        ({"first": "red pint"}, "is the text 'red pint', and not one of red paint, 2; did you mean 'red paint'?"),
        ({"first": "green"}, "is the text 'green', and not one of red paint, 2"),
        ({"first": ["BLUE"]}, "is a list, and not one of red paint, 2"),
        ({"first": 3}, "is the number 3, and not one of red paint, 2"),
        ({"first": "{{ params.colour }}"}, "is the text '{{ params.colour }}', and not one of red paint, 2"),
    ],
)
def test_what_is_no_member_is_a_fault(settings: Settings, given: dict[str, Any], detail: str) -> None:
    """Whatever else stands there is a fault with the members."""
    with pytest.raises(InvalidDefinition) as caught:
        check_workflow(request(tasks={"one": {"operator": "painting.Paint", **given}}), settings, now=NOW)
    assert {fault.pointer: fault.detail for fault in caught.value.faults} == {
        f"{DAG}/tasks/one/{next(iter(given))}": detail
    }
