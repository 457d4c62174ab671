"""The API keeps to its specification: schemathesis sends what the document allows, and what it does not."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from openmetadata_airflow_apis.api import operations
from support.callers import bearer, forget_tries
from support.versions import AIRFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

if AIRFLOW < (2, 11, 2):
    pytest.skip("schemathesis 4 is newer than what is installed with Airflow < 2.11.2", allow_module_level=True)

import schemathesis
from schemathesis.config import (
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    SimpleCheckConfig,
)


def specified(*, every_value: bool):
    """Return the specification for schemathesis; every_value: with each limit and type of each value, one by one."""
    project = ProjectConfig(
        # Callers send their own tokens, or none; tests/api/security has the forged ones.
        generation=GenerationConfig(deterministic=True, with_security_parameters=False),
        phases=PhasesConfig(coverage=CoveragePhaseConfig(enabled=every_value)),
        checks=ChecksConfig(
            # What fits the schema may still be refused: a definition by its own checks, a call at the old door.
            positive_data_acceptance=PositiveDataAcceptanceConfig(enabled=False),
            # /dags/refresh is also the DAG of that name, which OPTIONS says and no document can.
            allow_header_conformance=SimpleCheckConfig(enabled=False),
        ),
    )
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(operations.document(), config=config)


BOUNDED = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def token(app) -> Callable[[str, str], str]:
    """Makes a user's token for an operation, without a password hash; a new one each time, since a logout ends it."""
    from openmetadata_airflow_apis.security import tokens

    def token(name: str, operation_id: str) -> str:
        with app.app_context():
            user = app.appbuilder.sm.find_user(username=name)
            return tokens.issue(user, "refresh" if operation_id == "refresh" else "access", family=str(uuid.uuid4()))

    return token


@pytest.fixture
def _a_quick_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a scheduler, of which there is none here, sees each second as a hundred: `wait` goes up to 120."""
    from openmetadata_airflow_apis.deploy import parse_wait
    from openmetadata_airflow_apis.runs import processes_after_stop, run_wait

    clock = SimpleNamespace(
        monotonic=lambda: 100 * time.monotonic(), sleep=lambda seconds: time.sleep(min(seconds, 0.01))
    )
    for module in (parse_wait, processes_after_stop, run_wait):
        monkeypatch.setattr(module, "time", clock)


@pytest.fixture
def send(app, token, hello, _a_quick_clock) -> Callable[..., None]:
    """Sends a case as a user, or as nobody, and checks all of the answer against the specification."""

    def send(case, name: str | None) -> None:
        forget_tries()
        case.operation.schema.app = app
        headers = bearer(token(name, case.operation.definition.raw["operationId"])) if name else {}
        case.call_and_validate(app=app, headers=headers)

    return send


@pytest.fixture
def hello(app, token) -> None:
    """The DAG and the run that the specification's examples name are there."""
    paths = operations.document()["paths"]
    workflow = paths["/rest_api/api/dags"]["post"]["requestBody"]["content"]["application/json"]["example"]
    run = {"run_id": operations.document()["components"]["parameters"]["RunId"]["example"]}
    client, admin = app.test_client(), bearer(token("admin", "deploy_dag"))
    assert client.post("/rest_api/api/dags", json=workflow, headers=admin).status_code in (200, 201)
    assert client.post("/rest_api/api/dags/hello/dagRuns", json=run, headers=admin).status_code in (201, 409)


@specified(every_value=True).parametrize()
@BOUNDED
def test_answers_to_admin(case, send) -> None:
    """An Admin's calls, good and bad, get a status, headers and a body that the specification describes, no 5xx."""
    send(case, "admin")


@specified(every_value=False).parametrize()
@BOUNDED
def test_answers_to_viewer(case, send) -> None:
    """So do a Viewer's."""
    send(case, "viewer")


@specified(every_value=False).parametrize()
@BOUNDED
def test_answers_to_nobody(case, send) -> None:
    """So do those of somebody who has not signed in."""
    send(case, None)
