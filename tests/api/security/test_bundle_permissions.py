"""Who may apply a bundle: whoever may deploy each workflow of it, and delete what it prunes."""

from __future__ import annotations

from typing import Any

import pytest

from support.callers import bearer

PATH = "/rest_api/api/bundles/guarded"
NAMES = ("guarded_a", "guarded_b")


def workflow(name: str, description: str = "The first") -> dict[str, Any]:
    """The body of a deploy of a DAG of one task."""
    definition = {
        "description": description,
        "default_args": {"owner": "ann", "start_date": "2024-01-01"},
        "schedule": None,
        "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
    }
    return {"workflow": {"name": name, "dag_config": {name: definition}}}


@pytest.fixture
def applying(client):
    """Applies the bundle as whoever a token is of."""

    def apply(token: str, *workflows: dict[str, Any], prune: bool = False):
        return client.put(PATH, headers=bearer(token), json={"workflows": workflows, "prune": prune})

    return apply


@pytest.fixture
def deployed(client, sign_in, applying):
    """guarded_a is deployed in the bundle; nothing of it is there afterwards."""
    token = sign_in("admin")["access_token"]
    assert applying(token, workflow("guarded_a")).status_code == 200
    yield
    assert applying(token, prune=True).status_code == 200


@pytest.fixture
def token_of(client, make_role, make_user):
    """A token of a new user who has these permissions and no others."""

    def token(name: str, *permissions: tuple[str, str]) -> str:
        user = make_user(make_role(name, *permissions))
        answer = client.post("/api/v1/security/login", json={"username": user.username, "password": "a-password"})
        return answer.json["access_token"]

    return token


def test_pruning_asks_for_the_permission_to_delete(client, sign_in, deployed, applying, token_of):
    """Whoever may deploy and not delete is told so before anything happens, and may apply without prune."""
    token = token_of("Deploys", ("can_create", "Managed DAGs"), ("can_edit", "DAGs"), ("can_read", "DAGs"))
    refused = applying(token, workflow("guarded_b"), prune=True)
    sentence = "delete_dag needs the permission 'can delete on Managed DAGs'"
    assert (refused.status_code, refused.json["detail"]) == (403, sentence)
    assert client.get("/rest_api/api/dags/guarded_b", headers=bearer(token)).status_code == 404
    assert applying(token, workflow("guarded_b")).status_code == 200


def test_each_workflow_asks_for_the_permission_to_deploy_it(client, sign_in, deployed, applying, token_of):
    """One DAG that the caller may not edit keeps all the others back."""
    token = token_of("Creates", ("can_create", "Managed DAGs"))
    refused = applying(token, workflow("guarded_b"), workflow("guarded_a", "The second"))
    sentence = "deploy_dag needs the permission 'can edit on DAG:guarded_a' (or on DAGs)"
    assert (refused.status_code, refused.json["detail"]) == (403, sentence)
    admin = bearer(sign_in("admin")["access_token"])
    assert client.get("/rest_api/api/dags/guarded_b", headers=admin).status_code == 404


def test_bundles_show_what_the_caller_may_read(client, sign_in, deployed, applying, token_of):
    """Whoever may read one DAG of a bundle is shown that one alone; whoever may read none is shown no bundle."""
    assert applying(sign_in("admin")["access_token"], *map(workflow, NAMES)).status_code == 200
    one = bearer(token_of("Reads one", ("can_read", "DAG:guarded_b")))
    assert [dag["dag_id"] for dag in client.get(PATH, headers=one).json["dags"]] == ["guarded_b"]
    bundles = client.get("/rest_api/api/bundles", headers=one).json["bundles"]
    assert [bundle for bundle in bundles if bundle["bundle_name"] == "guarded"] == [
        {"bundle_name": "guarded", "dag_count": 1}
    ]
    other = bearer(token_of("Reads another", ("can_read", "DAG:another_one")))
    answer = client.get(PATH, headers=other)
    assert (answer.status_code, answer.json["type"]) == (404, "/rest_api/api/problems/bundle-not-found")
