"""The specification is the source of truth: it is valid, and everything in it has its counterpart in the code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from openmetadata_airflow_apis import errors
from openmetadata_airflow_apis.api import old_door, operations, problem_types
from openmetadata_airflow_apis.api.handler_lookup import handler_of
from openmetadata_airflow_apis.security.operation_permissions import PERMISSIONS
from openmetadata_airflow_apis.settings import SECTION, Settings, option_docs

OPERATIONS = list(operations.operations().values())
IDS = [operation.operation_id for operation in OPERATIONS]
DOCS = Path(__file__).parents[2] / "docs"


def all_errors(root: type = errors.ManagedDagsError) -> list[type]:
    """Every class of the error tree, the root left out."""
    return [kind for child in root.__subclasses__() for kind in (child, *all_errors(child))]


def test_the_specification_is_valid_openapi():
    """openapi.yaml is a valid OpenAPI 3.0 document."""
    assert validate(operations.document()) is None


def test_operation_ids_are_unique():
    """No two operations share an operationId, so that every generated method has one meaning."""
    found = [
        operation["operationId"]
        for item in operations.document()["paths"].values()
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_each_operation_has_a_handler_that_takes_its_parameters(operation):
    """The handler is the function of the operationId's name, and takes the parameters of the specification."""
    signature = inspect.signature(handler_of(operation))
    expected = {*re.findall(r"{(\w+)}", operation.path), *operation.query_parameters}
    if operation.operation_id in old_door.ENDPOINTS:
        expected = set()  # it looks them up in the request
    assert handler_of(operation).__name__ == operation.operation_id
    assert set(signature.parameters) - {"body"} == expected


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_each_operation_is_described(operation):
    """Each operation has one tag, a summary and a description, and each of its answers is described."""
    written = operations.document()["paths"][operation.path][operation.method]
    assert len(written["tags"]) == 1
    assert written["summary"]
    assert not written["summary"].endswith(".")
    assert written["description"].strip().endswith(".")
    assert "200" in written["responses"] or "201" in written["responses"]


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.operation_id in PERMISSIONS],
    ids=lambda operation: operation.operation_id,
)
def test_each_operation_describes_what_the_gate_answers(operation):
    """Whoever may be refused by the gate finds each refusal described: bad words, nobody, not allowed, no database."""
    written = operations.document()["paths"][operation.path][operation.method]
    assert {"400", "401", "403", "503"} <= set(written["responses"])


def test_the_old_door_speaks_exactly_the_operations_marked_for_it():
    """An operation with x-old-door has its words at the old door, and no other has."""
    assert {operation.operation_id for operation in OPERATIONS if operation.old_door.methods} == set(old_door.FORMS)


def test_each_operation_that_passes_the_gate_asks_for_a_permission():
    """Every operation but sign-in and sign-out, health, the problems and the old door itself has its permission."""
    exempt = {"login", "refresh", "logout", "health", "call_by_query", "call_by_body"}
    exempt |= {"list_problem_types", "get_problem_type"}
    assert {*IDS} - exempt <= set(PERMISSIONS)


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.__name__)
def test_each_error_has_a_status_and_a_place_in_the_tree(kind):
    """Every error class has a row in the table of statuses and stands in the drawn tree."""
    assert kind in problem_types.BY_ERROR
    assert re.search(rf"── {kind.__name__}\b", errors.__doc__)


def test_each_status_of_an_error_is_described_in_the_specification():
    """Whatever status the table can answer has its response in the components."""
    described = {
        response["content"]["application/problem+json"]["example"]["status"]
        for response in operations.document()["components"]["responses"].values()
        if "application/problem+json" in response["content"]
    }
    assert {kind.status for kind in problem_types.BY_NAME.values()} - {405, 500} <= described


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_each_operation_is_shown_with_curl(operation):
    """docs/calling.md shows every operation."""
    assert f"`{operation.operation_id}`" in (DOCS / "calling.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", sorted(option_docs()), ids=str)
def test_each_option_is_documented_with_its_sentence(option):
    """The table of docs/settings.md has every option with the sentence of the code."""
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert f"[{SECTION}]" in text
    row = next(line for line in text.splitlines() if line.startswith(f"| `{option}`"))
    assert option_docs()[option] in row


def test_defaults_need_no_section(monkeypatch):
    """With no section at all every option has a usable default."""
    from airflow.configuration import AIRFLOW_HOME

    settings = Settings.load()
    assert settings == Settings(
        dag_generated_configs=Path(AIRFLOW_HOME) / "dag_generated_configs",
        dag_managed_operators=Path(AIRFLOW_HOME) / "dag_managed_operators",
    )
    assert settings.runner_template().name == "dag_runner.j2"
