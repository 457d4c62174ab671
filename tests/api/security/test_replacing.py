"""Who may deploy new DAGs replaces nobody's, whatever Airflow knows of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from flask import g
from sqlalchemy import delete

from openmetadata_airflow_apis.settings import Settings
from openmetadata_airflow_apis.stores import open_store
from support.callers import READ, bearer
from support.deployments import forget_deployments
from support.stores import files_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSAL = "deploy_dag needs the permission 'can edit on DAG:{}' (or on DAGs)"


def _body(dag_id: str, task: dict) -> dict:
    config = {"default_args": {"owner": "ann", "start_date": "2024-01-01"}, "schedule": None, "tasks": {"first": task}}
    return {"workflow": {"name": dag_id, "force": True, "dag_config": {dag_id: config}}}


@pytest.fixture(autouse=True)
def _nothing_left(home: Path) -> Iterator[None]:
    """What these tests deploy is gone after each."""
    yield
    forget_deployments(home)


@pytest.fixture
def newcomer(make_role, make_user, sign_in) -> dict[str, str]:
    """The header of a user who may deploy, and has no permission on any DAG."""
    user = make_user(make_role("Newcomer", ("can_create", "Managed DAGs")))
    return bearer(sign_in(user.username, "a-password")["access_token"])


@pytest.fixture
def admin(sign_in) -> dict[str, str]:
    """The header of an Admin."""
    return bearer(sign_in()["access_token"])


@pytest.fixture
def refused(client, newcomer, home: Path):
    """Checks that the newcomer's deploy of that name is refused and leaves the files."""

    def refused(dag_id: str, **query: str) -> None:
        store = open_store(Settings.load())
        files = [home / path for path in files_of(dag_id)]
        before = [store.read(dag_id), *(path.read_bytes() for path in files)]
        for name in ("user", "_login_user"):
            g.pop(name, None)  # the fixtures' application context keeps whose the call before was
        body = _body(dag_id, {"operator": "airflow.operators.bash.BashOperator", "bash_command": "evil"})
        answer = client.post(READ, json=body, headers=newcomer, query_string=query)
        assert (answer.status_code, answer.json["detail"]) == (403, REFUSAL.format(dag_id))
        assert [store.read(dag_id), *(path.read_bytes() for path in files)] == before

    return refused


@pytest.fixture
def deployed(client, admin) -> str:
    """The name of a DAG that an Admin has deployed."""
    dag_id = f"replaced_{uuid.uuid4().hex[:8]}"
    body = _body(dag_id, {"operator": "airflow.operators.empty.EmptyOperator"})
    answer = client.post(READ, json=body, headers=admin)
    assert answer.status_code == 201, answer.text
    return dag_id


def test_new_names(client, newcomer) -> None:
    """A name that nothing is deployed under is free."""
    body = _body(f"new_{uuid.uuid4().hex[:8]}", {"operator": "airflow.operators.empty.EmptyOperator"})
    answer = client.post(READ, json=body, headers=newcomer)
    assert answer.status_code == 201, answer.text


def test_deployed_dags(deployed, refused) -> None:
    """A deployed DAG is not replaced, and a dry run does not say what of it would change."""
    refused(deployed)
    refused(deployed, dry_run="true")


def test_dags_without_a_row(deployed, refused) -> None:
    """Nor is one whose rows Airflow lost, or never had since its database did not answer during the deploy."""
    from airflow.settings import engine

    with engine.begin() as connection:
        for model in (SerializedDagModel, DagModel):
            connection.execute(delete(model).where(model.dag_id == deployed))
    refused(deployed)
    refused(deployed, dry_run="true")


def test_pending_dags(client, admin, refused, callables: Path) -> None:
    """Nor is one that the DAG processor has still to parse."""
    (callables / "replacing.py").write_text("def count():\n    return 1\n")
    dag_id = f"pending_{uuid.uuid4().hex[:8]}"
    task = {
        "decorator": "airflow.decorators.task",
        "python_callable_name": "count",
        "python_callable_file": "replacing.py",
    }
    answer = client.post(READ, json=_body(dag_id, task), headers=admin)
    assert answer.status_code == 202, answer.text
    refused(dag_id)


def test_a_deploy_in_between(monkeypatch, deployed, refused) -> None:
    """Nor is one that somebody deployed while the newcomer's permission was being looked at."""
    from openmetadata_airflow_apis.api import dag_handlers

    monkeypatch.setattr(dag_handlers, "authorize", lambda *_: None)  # looked before the DAG was there
    refused(deployed)
