"""Arguments for which operators want functions."""

from __future__ import annotations

import inspect
from datetime import datetime, timezone
from typing import Any, Callable, Optional, Union

import pytest

from openmetadata_airflow_apis.checks.function_arguments import wants_function
from openmetadata_airflow_apis.checks.operator_signatures import signature_of
from openmetadata_airflow_apis.checks.workflow_check import check_workflow
from openmetadata_airflow_apis.errors import InvalidDefinition
from openmetadata_airflow_apis.settings import Settings
from support.workflows import bash, request

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
    from openmetadata_airflow_apis.dagbuild.built_values import import_object

    assert functions - signature_of(import_object(path)).functions == set()


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
