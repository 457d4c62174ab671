"""Bodies under every content type, empty ones, those that nobody would look at, and those that come in chunks."""

from __future__ import annotations

import io
import json
from functools import partial

import pytest
from airflow.models.dagrun import DagRun

from openmetadata_airflow_apis.api import operations
from support import dag_runs

DOCUMENT = operations.document()
ALL = list(operations.operations().values())
OPERATIONS = [each for each in ALL if each.tag != "oldDoor" and each.operation_id != "health"]
WITH_BODY = [each for each in OPERATIONS if each.body != "none"]
NEEDS_BODY = [each for each in OPERATIONS if each.body == "required"]
WITHOUT_BODY = [each for each in OPERATIONS if each.body == "none"]
OLD = [each for each in ALL if each.old_door.methods]
FORM = "application/x-www-form-urlencoded"  # curl's, with -d and no -H
MULTIPART = "multipart/form-data; boundary=x"
OTHERS = [FORM, MULTIPART, "text/plain", "text/yaml", "application/xml", "application/octet-stream", None]
DATA = b'{"run_id": "from_a_form"}'
LIMIT = 1_048_576


def ids(value):
    return getattr(value, "operation_id", None)


def path_of(operation):
    run = {"dag_id": "doors", "run_id": "manual__1", "task_id": "first"}
    return operation.path.format(**run, bundle_name="team", problem_type="dag-exists", version_number=1)


def method_of(operation):
    return operation.method.upper()


@pytest.mark.parametrize("content_type", OTHERS)
@pytest.mark.parametrize("operation", WITH_BODY, ids=ids)
def test_json_under_another_content_type_is_never_dropped(call, dag, operation, content_type):
    """`curl -d '{"run_id": "r"}'` without -H is 415, and says which header to send; no run of another id is made."""
    answer = call(method_of(operation), path_of(operation), data=DATA, content_type=content_type)
    named = f"not '{content_type.partition(';')[0]}'" if content_type else "and came with none"
    sentence = f"The body must be sent with Content-Type: application/json, {named}"
    if content_type == FORM:
        sentence += ", which curl sends unless it is told -H 'Content-Type: application/json'"
    assert (answer.status_code, answer.json["detail"]) == (415, sentence)
    assert call("GET", "/rest_api/api/dags/doors/dagRuns").json["total_entries"] == 0


@pytest.mark.parametrize("content_type", ["application/json", *OTHERS])
@pytest.mark.parametrize("operation", NEEDS_BODY, ids=ids)
def test_an_empty_body_says_that_it_is_empty(call, dag, operation, content_type):
    """Where a body is needed, none at all is named as such, whatever its content type."""
    nothing = io.BytesIO()
    answer = call(method_of(operation), path_of(operation), input_stream=nothing, content_type=content_type)
    assert (answer.status_code, answer.json["detail"]) == (
        400,
        "The body is empty; send JSON, with the header Content-Type: application/json",
    )


@pytest.mark.parametrize("content_type", ["application/json", *OTHERS])
@pytest.mark.parametrize("operation", WITHOUT_BODY, ids=ids)
def test_a_body_that_nobody_would_look_at_is_refused(call, dag, operation, content_type):
    """An operation without a body says so, since what stands in one would be dropped."""
    answer = call(method_of(operation), path_of(operation), data=DATA, content_type=content_type)
    assert answer.status_code == 400
    assert answer.json["detail"].startswith(f"{operation.operation_id} takes no body, and would not look at this one; ")


@pytest.mark.parametrize(
    ("data", "headers"),
    [(DATA, {"Content-Encoding": "gzip"}), (b"x" * (LIMIT + 1), {}), (b"x", {"Content-Type": "text/plain"})],
    ids=["compressed", "too large", "text"],
)
@pytest.mark.parametrize("operation", [each for each in ALL if each.body == "none" and each.tag != "oldDoor"], ids=ids)
def test_a_body_that_nobody_would_look_at_is_refused_whatever_it_is(call, dag, operation, data, headers):
    """Nor does it matter that it could not be read: the answer is the same, and the specification has its status."""
    answer = call(method_of(operation), path_of(operation), data=data, headers=headers)
    assert answer.status_code == 400
    assert answer.json["detail"].startswith(f"{operation.operation_id} takes no body, and would not look at this one; ")
    assert "400" in DOCUMENT["paths"][operation.path][operation.method]["responses"]


@pytest.mark.parametrize("data", [b"", b"{}", b"null"])
def test_a_body_that_says_nothing_is_none(call, dag, data):
    """HTTP libraries send an empty object where their user has given nothing."""
    answer = call("GET", "/rest_api/api/dags/doors/dagRuns", data=data, content_type="application/json")
    assert answer.status_code == 200
    assert (
        call("POST", "/rest_api/api/dags/doors/dagRuns", data=data, content_type="application/json").status_code == 201
    )


@pytest.mark.parametrize("operation", [each for each in WITH_BODY if each.body == "optional"], ids=ids)
def test_null_is_no_body_where_none_is_needed(call, dag, session, operation):
    """Go's generated client sends null for a body that is not set; the answer is that to no body at all."""
    answers = []
    for data in (b"", b"null", b" null\n"):
        dag_runs.new_run(dag, session, {"first": "failed"}, run_state="failed")
        answer = call(method_of(operation), path_of(operation), data=data, content_type="application/json")
        answers.append((answer.status_code, answer.json["dag_id"]))
        session.execute(DagRun.__table__.delete())
        session.commit()
    assert answers == [(200 if operation.operation_id == "restart_failed_task" else 201, "doors")] * 3


@pytest.mark.parametrize("operation", NEEDS_BODY, ids=ids)
def test_null_is_refused_where_a_body_is_needed(call, dag, operation):
    """It is a body of the wrong kind there."""
    answer = call(method_of(operation), path_of(operation), data=b"null", content_type="application/json")
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) in {
        (400, "invalid-body"),
        (400, "invalid-definition"),
    }


@pytest.mark.parametrize("operation", [each for each in OLD if not each.old_door.whole_body], ids=ids)
def test_null_is_no_body_at_the_old_door(call, dag, operation):
    """All arguments may stand in the query string there, and whoever sends null beside them gets the same answer."""
    query = {"api": operation.operation_id, "dag_id": "doors", "run_id": "ghost", "task_id": "first"}
    arguments = {name: query[name] for name in operation.old_door.required if name in query}
    if "workflow_name" in operation.old_door.required:
        arguments |= {"workflow_name": "ghost"}
    if "tasks" in operation.old_door.required:
        arguments |= {"tasks": "ghost"}
    if operation.operation_id.endswith("_dag_runs"):
        arguments |= {"run_ids": "ghost"}
    if operation.operation_id == "delete_dag":
        arguments |= {"dag_id": "ghost"}
    send = partial(call, "POST", "/rest_api/api", query_string={"api": operation.operation_id, **arguments})
    without, null = send(), send(data=b"null", content_type="application/json")
    assert (null.status_code, null.json) == (without.status_code, without.json)
    assert null.status_code in {200, 400, 404}


@pytest.mark.parametrize("content_type", [FORM, "text/plain", "text/yaml", "application/xml", None])
@pytest.mark.parametrize("operation", OLD, ids=ids)
def test_json_under_another_content_type_is_not_dropped_at_the_old_door(call, dag, operation, content_type):
    """The old door takes forms; JSON that is called one, and what it doesn't read, is 415."""
    answer = call("POST", f"/rest_api/api?api={operation.operation_id}", data=DATA, content_type=content_type)
    if operation.old_door.methods == ("GET",):
        assert answer.status_code == 405
    else:
        assert (answer.status_code, "Content-Type: application/json" in answer.json["error"]) == (415, True)
    assert call("GET", "/rest_api/api/dags/doors/dagRuns").json["total_entries"] == 0


def test_the_old_door_goes_on_taking_forms(call, dag):
    """Both kinds of forms, one whose value looks like JSON too."""
    fields = {"workflow_name": "doors", "conf": '{"a": 1}'}
    for run_id, content_type in (("one", FORM), ("two", "multipart/form-data")):
        form = {**fields, "run_id": run_id}
        answer = call("POST", "/rest_api/api?api=trigger_dag", data=form, content_type=content_type)
        assert (answer.status_code, answer.json["message"]) == (200, f"Workflow [doors] has been triggered as {run_id}")


@pytest.mark.parametrize(
    ("data", "content_type", "error"),
    [
        (b"[1]", "application/json", "The body is [1]; give a JSON object, of arguments by name"),
        (b"garbage", "multipart/form-data", "The body has no field that can be read as multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="run_id"\r\n\r\none',
            "multipart/form-data; boundary=x",
            "The body has no field that can be read as multipart/form-data",
        ),
    ],
)
def test_a_body_without_arguments_is_refused_at_the_old_door(call, dag, data, content_type, error):
    """A list, a form without its boundary, and a form that was cut off are not taken for no arguments at all."""
    answer = call("POST", "/rest_api/api?api=trigger_dag&workflow_name=doors", data=data, content_type=content_type)
    assert answer.status_code == 400
    assert answer.json["error"].startswith(error)


def in_chunks(data: bytes, content_type: str = "application/json") -> dict:
    """A request whose body comes in chunks, as gunicorn hands it on: without a length, ended by the server."""
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    return {"input_stream": io.BytesIO(data), "environ_overrides": environ, "content_type": content_type}


def test_a_body_in_chunks_is_read_as_any_other(call, dag):
    """JSON and forms."""
    path = "/rest_api/api/dags/doors/dagRuns"
    assert call("POST", path, **in_chunks(b'{"run_id": "one"}')).json["run_id"] == "one"
    form = in_chunks(b"workflow_name=doors&run_id=two", FORM)
    assert call("POST", "/rest_api/api?api=trigger_dag", **form).status_code == 200
    named = in_chunks(b"api=trigger_dag&workflow_name=doors&run_id=three", FORM)
    assert call("POST", "/rest_api/api", **named).status_code == 200


@pytest.mark.parametrize("path", ["/rest_api/api/dags", "/api/v1/security/login", "/rest_api/api?api=deploy_dag"])
def test_a_body_in_chunks_that_is_too_large_is_413(call, path):
    """It is refused for its length, not for how it looks where it was cut off."""
    answer = call("POST", path, **in_chunks(json.dumps({"workflow": "x" * LIMIT}).encode()))
    assert answer.status_code == 413
    assert "max_body_bytes" in answer.get_data(as_text=True)


def test_airflows_own_limit_holds_for_chunks_too(app, call, monkeypatch):
    """[webserver] allowed_payload_size, where it is the smaller one; it need not be a whole number of bytes."""
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000.5)
    answer = call("POST", "/rest_api/api/dags", **in_chunks(b" " * 1001))
    assert (answer.status_code, "allowed_payload_size" in answer.json["detail"]) == (413, True)
    assert call("POST", "/rest_api/api/dags", **in_chunks(b" " * 999)).status_code == 400


def test_chunks_that_are_not_well_formed(call):
    """gunicorn finds that out while they are read: 400, not 500."""

    class Torn(io.BytesIO):
        def read(self, *_):
            raise OSError("InvalidChunkSize")

    request = {**in_chunks(b""), "input_stream": Torn()}
    answer = call("POST", "/rest_api/api/dags", **request)
    assert (answer.status_code, answer.json["detail"]) == (
        400,
        "The body ended too early, or its chunks are not well formed",
    )


def test_a_space_of_a_run_id(call, dag):
    """In a query or a form it is a + that nobody encoded; in JSON nothing was decoded, and a space is a space."""
    asked = {"api": "trigger_dag", "workflow_name": "doors"}
    for how in (
        {"query_string": {**asked, "run_id": "query 1"}},
        {"data": {**asked, "run_id": "form 1"}, "content_type": FORM},
    ):
        answer = call("POST", "/rest_api/api", **how)
        assert answer.status_code == 200
        assert answer.json["message"].endswith(("as query+1", "as form+1"))
    refused = call("POST", "/rest_api/api", query_string=asked, json={"run_id": "json 1"})
    assert (refused.status_code, "'json 1'" in refused.json["error"]) == (400, True)
