"""Callers of both doors, signed in, and a DAG with runs for them to ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support import dag_runs
from support.airflow_home import USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGIN = "/api/v1/security/login"
TYPED = "/rest_api/api"


@pytest.fixture(scope="session")
def tokens(app) -> dict[str, str]:
    """An access token for each of the tests' users."""
    client = app.test_client()
    return {
        name: client.post(LOGIN, json={"username": name, "password": password}).json["access_token"]
        for name, (_, password) in USERS.items()
    }


@pytest.fixture
def call(app, tokens) -> Callable[..., Any]:
    """Call a path of the API as a user (admin unless told) and return the response."""

    def send(method: str, path: str, *, user: str | None = "admin", **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        return app.test_client().open(
            path, method=method, headers={**headers, **arguments.pop("headers", {})}, **arguments
        )

    return send


@pytest.fixture
def old_door(call) -> Callable[..., Any]:
    """Call an operation by `?api=`; return status and body."""

    def send(
        api: str | None, *, method: str = "GET", path: str = TYPED, json: Any = None, form: Any = None, **query: Any
    ):
        named = {} if api is None else {"api": api}
        answer = call(method, path, query_string={**named, **query}, json=json, data=form)
        return answer.status_code, answer.json

    return send


@pytest.fixture
def typed_door(call) -> Callable[..., Any]:
    """Call a path below /rest_api/api; return status and body."""

    def send(method: str, path: str, **arguments: Any):
        answer = call(method, TYPED + path, **arguments)
        return answer.status_code, answer.json

    return send


@pytest.fixture
def dag(session) -> Iterator[Any]:
    """The DAG `doors` of three tasks, a chain of first, second and third, in Airflow's database."""
    from airflow.operators.empty import EmptyOperator

    dag = dag_runs.new_dag("doors")
    with dag:
        EmptyOperator(task_id="first") >> EmptyOperator(task_id="second") >> EmptyOperator(task_id="third")
    dag_runs.store(dag, session)
    return dag
