"""What a caller finds at the `type` of a problem."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.api import problem_types

PROBLEMS = "/rest_api/api/problems"
DAG_EXISTS = {
    "type": "/rest_api/api/problems/dag-exists",
    "title": "Conflict",
    "status": 409,
    "meaning": "A workflow of that name is deployed already. It was left as it is.",
    "remedy": "Send `force: true` to replace it, or deploy under another name.",
}


def test_the_type_of_a_problem_leads_to_what_it_means_and_what_to_do(app, call):
    """The path in `type` is answered by this webserver, without a token."""
    problem = call("GET", "/rest_api/api/dags/nowhere").json
    explained = app.test_client().get(problem["type"])
    assert (explained.status_code, explained.content_type) == (200, "application/json")
    assert (explained.json["type"], explained.json["status"]) == (problem["type"], problem["status"])


@pytest.mark.parametrize("name", problem_types.BY_NAME)
def test_every_kind_is_explained(app, name):
    """Each kind of problem has its answer, as JSON and as a page."""
    client = app.test_client()
    as_json = client.get(f"{PROBLEMS}/{name}").json
    assert as_json["type"] == f"{PROBLEMS}/{name}"
    page = client.get(f"{PROBLEMS}/{name}", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.mimetype == "text/html"
    assert f"HTTP {as_json['status']} {as_json['title']}" in page.get_data(as_text=True)


def test_one_kind_whole(app):
    """The whole answer for a deploy over a workflow that is there."""
    assert app.test_client().get(f"{PROBLEMS}/dag-exists").json == DAG_EXISTS


def test_behind_a_prefix_the_type_has_the_prefix(app, tokens):
    """Behind a path prefix `type` can be followed as it stands."""
    headers = {"Authorization": f"Bearer {tokens['admin']}"}
    behind = {"SCRIPT_NAME": "/airflow"}
    client = app.test_client()
    for path, kind in (("/rest_api/api/dags/nowhere", "dag-not-found"), ("/rest_api/api/nowhere", "not-found")):
        problem = client.get(path, headers=headers, environ_overrides=behind).json
        assert problem["type"] == f"/airflow/rest_api/api/problems/{kind}"
    assert client.get(f"{PROBLEMS}/dag-exists", environ_overrides=behind).json == {
        **DAG_EXISTS,
        "type": "/airflow/rest_api/api/problems/dag-exists",
    }


def test_all_kinds_in_one_list(app):
    """The list has every kind; a browser is shown a page of them with links."""
    client = app.test_client()
    listed = client.get(PROBLEMS).json
    assert [kind["type"] for kind in listed["problem_types"]] == [
        f"{PROBLEMS}/{name}" for name in problem_types.BY_NAME
    ]
    assert listed["total_entries"] == len(problem_types.BY_NAME)
    page = client.get(PROBLEMS, headers={"Accept": "text/html"})
    assert f'<a href="{PROBLEMS}/dag-exists">' in page.get_data(as_text=True)
    assert page.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_kind_that_there_is_not(app):
    """An unknown kind is 404, and names the nearest."""
    answer = app.test_client().get(f"{PROBLEMS}/dag-exist")
    assert (answer.status_code, answer.json["detail"]) == (
        404,
        "There is no problem type `dag-exist`; did you mean `dag-exists`?",
    )
    assert "/rest_api/api/problems has all" in app.test_client().get(f"{PROBLEMS}/zzz").json["detail"]
