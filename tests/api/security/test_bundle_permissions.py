"""Who may apply a bundle: whoever may deploy each workflow of it, and delete what it prunes."""

from __future__ import annotations

from typing import Any

import pytest
from flask import g, has_app_context

from support.airflow_home import USERS
from support.callers import bearer
from support.deployments import one_task

PATH = "/rest_api/api/bundles/guarded"
OTHER = "/rest_api/api/bundles/other"
NAMES = ("guarded_a", "guarded_b")


@pytest.fixture
def calling(client):
    """Calls a path as whoever a token is of, or as nobody."""

    def call(method: str, path: str, token: str | None = None, **more: Any):
        if has_app_context():  # the fixtures', which keeps whose the call before was
            for name in ("user", "_login_user"):
                g.pop(name, None)
        return client.open(path, method=method, headers=bearer(token) if token else {}, **more)

    return call


@pytest.fixture
def signing_in(calling):
    """Signs a user in and returns the token."""

    def sign_in(name: str, password: str) -> str:
        answer = calling("POST", "/api/v1/security/login", json={"username": name, "password": password})
        return answer.json["access_token"]

    return sign_in


@pytest.fixture
def admin(signing_in) -> str:
    """The token of an Admin."""
    return signing_in("admin", USERS["admin"][1])


@pytest.fixture
def applying(calling):
    """Applies the bundle as whoever a token is of."""

    def apply(token: str, *workflows: dict[str, Any], prune: bool = False, path: str = PATH):
        return calling("PUT", path, token, json={"workflows": workflows, "prune": prune})

    return apply


@pytest.fixture(autouse=True)
def _deployed(admin, applying):
    """guarded_a is deployed in the bundle, other_a in another one; nothing of them is there afterwards."""
    assert applying(admin, one_task("guarded_a")).status_code == 200
    assert applying(admin, one_task("other_a"), path=OTHER).status_code == 200
    yield
    for path in (PATH, OTHER):
        assert applying(admin, prune=True, path=path).status_code == 200


@pytest.fixture
def token_of(signing_in, make_role, make_user):
    """A token of a new user who has these permissions and no others."""

    def token(name: str, *permissions: tuple[str, str]) -> str:
        return signing_in(make_user(make_role(name, *permissions)).username, "a-password")

    return token


def test_pruning_asks_for_the_permission_to_delete(calling, applying, token_of):
    """Whoever may deploy and not delete is told so before anything happens, and may apply without prune."""
    token = token_of("Deploys", ("can_create", "Managed DAGs"), ("can_edit", "DAGs"), ("can_read", "DAGs"))
    refused = applying(token, one_task("guarded_b"), prune=True)
    sentence = "delete_dag needs the permission 'can delete on Managed DAGs'"
    assert (refused.status_code, refused.json["detail"]) == (403, sentence)
    assert calling("GET", "/rest_api/api/dags/guarded_b", token).status_code == 404
    assert applying(token, one_task("guarded_b")).status_code == 200


def test_each_workflow_asks_for_the_permission_to_deploy_it(calling, admin, applying, token_of):
    """One DAG that the caller may not edit keeps all the others back."""
    token = token_of("Creates", ("can_create", "Managed DAGs"))
    refused = applying(token, one_task("guarded_b"), one_task("guarded_a", "The second"))
    sentence = "deploy_dag needs the permission 'can edit on DAG:guarded_a' (or on DAGs)"
    assert (refused.status_code, refused.json["detail"]) == (403, sentence)
    assert calling("GET", "/rest_api/api/dags/guarded_b", admin).status_code == 404


def test_bundles_show_what_the_caller_may_read(calling, admin, applying, token_of):
    """Whoever may read one DAG of a bundle is shown that one alone; who may read none is told of no bundle."""
    assert applying(admin, *map(one_task, NAMES)).status_code == 200
    one = token_of("Reads one", ("can_read", "DAG:guarded_b"))
    assert [dag["dag_id"] for dag in calling("GET", PATH, one).json["dags"]] == ["guarded_b"]
    bundles = calling("GET", "/rest_api/api/bundles", one).json
    assert bundles == {"bundles": [{"bundle_name": "guarded", "dag_count": 1}], "total_entries": 1}
    answer = calling("GET", OTHER, one)
    assert (answer.status_code, answer.json["type"]) == (404, "/rest_api/api/problems/bundle-not-found")
