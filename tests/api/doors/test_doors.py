"""The doors themselves: what is named wrongly, sent wrongly, or asked for by the wrong method; the documents."""

from __future__ import annotations

import json

import pytest
import yaml

from openmetadata_airflow_apis.api import operations

OLD = "/rest_api/api"


def answer_of(response):
    return response.status_code, response.content_type, response.json


def problem_of(status: int, title: str, name: str, detail: str):
    body = {"type": f"/rest_api/api/problems/{name}", "title": title, "status": status, "detail": detail}
    return status, "application/problem+json", body


@pytest.mark.parametrize("path", [OLD, "/admin/rest_api/api"])
def test_nobody_is_let_in_without_credentials(call, path):
    """The old door answers exactly what the older plugin's documentation prints."""
    for query in ("", "?api=nope", "?api=dag_state&dag_id=x&run_id=y", "?api=delete_dag&dag_id=x"):
        answer = call("GET", path + query, user=None)
        assert answer.status_code == 401
        assert answer.get_data(as_text=True) == '{"msg":"Missing Authorization Header"}'


def test_the_typed_door_says_so_too(call):
    """A problem that carries the same msg, and says what to do."""
    assert answer_of(call("GET", OLD + "/dags", user=None)) == (
        401,
        "application/problem+json",
        {
            "type": "/rest_api/api/problems/not-signed-in",
            "title": "Unauthorized",
            "status": 401,
            "detail": (
                "Missing Authorization Header; log in at /api/v1/security/login and send "
                "'Authorization: Bearer <access_token>'"
            ),
            "msg": "Missing Authorization Header",
        },
    )


def test_the_operation_must_be_named(old_door):
    """`api` is missing, empty, or no operation at all."""
    assert old_door(None) == (400, {"error": "API should be provided"})
    assert old_door("") == (400, {"error": "API should be provided"})
    assert old_door("nope") == (400, {"error": "API 'nope' was not found"})


def test_an_operation_that_has_only_a_path_says_where_it_is(old_door, call):
    """`?api=list_dags` names the method and the path, with the webserver's own prefix."""
    for api, place in (
        ("list_dags", "GET /rest_api/api/dags"),
        ("login", "POST /api/v1/security/login"),
        ("get_dag", "GET /rest_api/api/dags/{dag_id}"),
    ):
        assert old_door(api) == (400, {"error": f"API '{api}' was not found here; it is at {place}"})
    answer = call("GET", f"{OLD}?api=list_dags", environ_overrides={"SCRIPT_NAME": "/airflow"})
    assert answer.json == {"error": "API 'list_dags' was not found here; it is at GET /airflow/rest_api/api/dags"}
    assert old_door("call_by_query") == (400, {"error": "API 'call_by_query' was not found"})


def test_unknown_arguments_are_ignored_quietly(old_door, caplog):
    """As the older plugin did, and without a line in the log for each."""
    assert old_door("refresh_all_dags", cache_buster="1")[0] == 200
    assert [record for record in caplog.records if "cache_buster" in record.getMessage()] == []


@pytest.mark.parametrize("api", ["deploy_dag", "run_task_instance", "trigger_dag"])
def test_what_needs_a_body_is_not_got(old_door, api):
    """Operations that only POST takes refuse GET in JSON."""
    assert old_door(api, dag_id="x", run_id="y", tasks="z") == (405, {"error": f"{api} takes POST, not GET"})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused_in_json(call, method):
    """The old door takes GET and POST."""
    for path in (OLD, "/admin/rest_api/api"):
        assert answer_of(call(method, path)) == (
            405,
            "application/json",
            {"error": f"The API takes GET or POST, not {method}"},
        )


@pytest.mark.parametrize("path", ["/rest_api/api/nope", "/admin/rest_api/api/nope", "/api/v1/security/nope"])
def test_unknown_paths_answer_json(call, path):
    """Below our paths there is no HTML: what is not there is named, with the place that says what is."""
    detail = f"There is nothing at `{path}`; /rest_api/api/openapi.json has the paths that there are"
    assert answer_of(call("GET", path)) == problem_of(404, "Not Found", "not-found", detail)


def test_other_paths_keep_their_pages(call):
    """The webserver's own 404 is still a page."""
    answer = call("GET", "/nope")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_wrong_method_at_the_typed_door_answers_json(call):
    """405 is a problem document that names the right methods."""
    detail = "`/rest_api/api/dags` takes GET, HEAD, OPTIONS, POST, not PUT"
    assert answer_of(call("PUT", OLD + "/dags")) == problem_of(405, "Method Not Allowed", "method-not-allowed", detail)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/rest_api/api?api=dag_state", {"GET", "POST"}),
        ("GET", "/rest_api/api?api=deploy_dag", {"POST"}),
        ("PUT", "/rest_api/api/dags", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("GET", "/api/v1/security/login", {"OPTIONS", "POST"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(call, method, path, allowed):
    """405 has the header Allow, and the headers of every other answer."""
    answer = call(method, path)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, allowed)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("path", "faults"),
    [
        ("/api/v1/security/login", ["'password' is missing", "'username' is missing"]),
        ("/rest_api/api/dags/x/dagRuns/partial", ["'task_ids' is missing"]),
    ],
)
def test_bodies_without_their_keys(call, path, faults):
    """Every key that is needed and not there is named."""
    answer = call("POST", path, json={})
    assert answer.status_code == 400
    assert [fault["detail"] for fault in answer.json["errors"]] == faults


def test_nul(call, old_door):
    """A NUL, which no database keeps, is refused in paths, queries, forms and bodies."""
    reason = "has a NUL in it, which no database keeps"
    typed = call("DELETE", f"{OLD}/dags/x%00")
    assert (typed.status_code, typed.json["detail"]) == (400, f"The argument 'dag_id' {reason}")
    listed = call("GET", f"{OLD}/dags?tags=one&tags=x%00")
    assert (listed.status_code, listed.json["detail"]) == (400, f"The argument 'tags' {reason}")
    body = call("POST", f"{OLD}/dags/x/dagRuns", json={"run_id": "a\0b"})
    assert (body.status_code, body.json["detail"]) == (
        400,
        "The body has a NUL (\\u0000) in a string, which no database keeps, at /run_id",
    )
    refused = (400, {"error": f"The argument 'dag_id' {reason}"})
    assert old_door("delete_dag", dag_id="x\0") == refused
    assert old_door("delete_dag", method="POST", form={"dag_id": "x\0"}) == refused


@pytest.mark.parametrize("dag_id", ["../airflow", "..", "x" * 250, "/etc/passwd", "a.b"])
def test_names_that_no_file_of_ours_has(old_door, dag_id):
    """A delete of a DAG by a name that is a path, too long or no name at all finds no DAG."""
    assert old_door("delete_dag", dag_id=dag_id) == (400, {"error": f"The DAG ID '{dag_id}' does not exist"})


LIMIT = 1_048_576
TOO_LARGE = "an operator can raise [openmetadata_airflow_apis] max_body_bytes"
BAD_BODIES = {
    "malformed": (
        {"data": b"{", "content_type": "application/json"},
        400,
        "The body is not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
    ),
    "media type": (
        {"data": b"{}", "content_type": "text/plain"},
        415,
        "The body must be sent with Content-Type: application/json, not 'text/plain'",
    ),
    "too large": (
        {"data": b'"' + b"x" * LIMIT + b'"', "content_type": "application/json"},
        413,
        f"The request body is larger than {LIMIT} bytes; {TOO_LARGE}",
    ),
}


@pytest.mark.parametrize(("arguments", "status", "detail"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_bad_bodies(call, arguments, status, detail):
    """What is not JSON, not called JSON, or too large is refused with the cure, at both doors."""
    for path in ("/rest_api/api/dags", "/rest_api/api/dags/x/dagRuns", "/api/v1/security/login"):
        answer = call("POST", path, **arguments)
        assert (answer.status_code, answer.json["detail"]) == (status, detail)
    answer = call("POST", "/rest_api/api?api=deploy_dag", **arguments)
    assert (answer.status_code, answer.json) == (status, {"error": detail})


def test_deep_nesting_is_refused_wherever_a_body_is_sent(call):
    """Also where no body is expected, and before anybody has signed in."""
    deep = {"data": b"[" * 100_000, "content_type": "application/json"}
    for method, path in (
        ("POST", "/api/v1/security/refresh"),
        ("GET", "/rest_api/api/health"),
        ("GET", "/rest_api/api/dags"),
        ("GET", "/rest_api/api?api=refresh_all_dags"),
        ("POST", "/rest_api/api?api=nope"),
    ):
        answer = call(method, path, **deep)
        assert (answer.status_code, "nested deeper than 64 levels" in answer.get_data(as_text=True)) == (400, True)


def test_unknown_query_parameters_are_refused(call):
    """A typo is not ignored."""
    answer = call("GET", OLD + "/dags?limt=3")
    assert (answer.status_code, answer.json["detail"]) == (
        400,
        (
            "The argument 'limt' is not known here; known are: limit, offset, dag_id_pattern, bundle_name, state, "
            "paused, tags, owners, last_dag_run_state, dag_run_start_date_gte, dag_run_start_date_lte, "
            "dag_run_end_date_gte, dag_run_end_date_lte, next_dagrun_gte, next_dagrun_lte, order_by, recent_runs"
        ),
    )


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=x", "The argument 'limit' is 'x'; give a whole number"),
        ("limit=0", "The argument 'limit' is less than 1, the smallest number allowed"),
        ("offset=-1", "The argument 'offset' is less than 0, the smallest number allowed"),
    ],
)
def test_parameters_out_of_range(call, query, detail):
    """The argument and the bound are named."""
    answer = call("GET", f"{OLD}/dags?{query}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["detail"] == detail


def test_ids_that_are_too_long(call):
    """An id of more than 250 characters is refused, and not repeated."""
    answer = call("GET", f"{OLD}/dags/{'x' * 251}")
    assert answer.json["detail"] == "The argument 'dag_id' is longer than 250 characters"


class TestLogin:
    """login and refresh, as the older plugin's documentation prints them."""

    def test_tokens_are_printed_as_documented(self, app):
        """One blank of indent, no blank after the colon."""
        body = {"username": "admin", "password": "admin-secret", "refresh": True, "provider": "db"}
        answer = app.test_client().post("/api/v1/security/login", json=body)
        tokens = answer.json
        assert answer.get_data(as_text=True) == (
            f'{{\n "access_token":"{tokens["access_token"]}",\n "refresh_token":"{tokens["refresh_token"]}"\n}}'
        )
        renewed = app.test_client().post(
            "/api/v1/security/refresh", headers={"Authorization": f"Bearer {tokens['refresh_token']}"}
        )
        assert renewed.get_data(as_text=True) == f'{{\n "access_token":"{renewed.json["access_token"]}"\n}}'

    def test_a_refresh_token_comes_only_if_asked_for(self, app):
        """Without refresh: true there is an access token alone."""
        answer = app.test_client().post(
            "/api/v1/security/login", json={"username": "admin", "password": "admin-secret"}
        )
        assert list(answer.json) == ["access_token"]

    def test_a_wrong_password(self, app):
        """401 with a reason."""
        answer = app.test_client().post("/api/v1/security/login", json={"username": "admin", "password": "nope"})
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert answer.json["msg"] == answer.json["detail"]


class TestDocuments:
    """The specification as it is served, and Swagger UI."""

    def test_the_specification_is_served_as_json_and_yaml(self, app):
        """Both are the same document, with this webserver as its server."""
        client = app.test_client()
        as_json = client.get(OLD + "/openapi.json")
        as_yaml = client.get(OLD + "/openapi.yaml")
        assert (as_json.status_code, as_yaml.status_code) == (200, 200)
        assert as_json.json == yaml.safe_load(as_yaml.data) == {**operations.document(), "servers": [{"url": "/"}]}

    def test_a_path_prefix_is_the_server(self, app):
        """Behind base_url's prefix the document names it."""
        served = app.test_client().get(OLD + "/openapi.json", environ_overrides={"SCRIPT_NAME": "/airflow"})
        assert served.json["servers"] == [{"url": "/airflow"}]

    def test_the_workflow_format_is_served_for_editors(self, app):
        """A JSON Schema of its own, which refers to nothing outside."""
        served = app.test_client().get(OLD + "/schemas/workflow.json")
        assert served.content_type == "application/schema+json"
        assert served.json["$ref"] == "#/definitions/WorkflowRequest"
        assert "#/components" not in json.dumps(served.json)

    def test_swagger_ui_asks_for_our_document(self, app):
        """The page and its files come from this webserver, prefix included."""
        client = app.test_client()
        page = client.get(OLD + "/ui/", environ_overrides={"SCRIPT_NAME": "/airflow"}).get_data(as_text=True)
        assert "/airflow/rest_api/api/openapi.json" in page
        with client.get(OLD + "/ui/swagger-ui.css") as file:
            assert file.status_code == 200
        assert client.get(OLD + "/ui/../../airflow.cfg").status_code == 404


def test_health_needs_no_token(call):
    """And names each part."""
    answer = call("GET", OLD + "/health", user=None)
    assert answer.status_code == 200
    assert sorted(answer.json) == [
        "dag_processor",
        "dags_folder",
        "definitions_folder",
        "metadatabase",
        "scheduler",
        "status",
    ]
    assert answer.json["status"] == "healthy"
