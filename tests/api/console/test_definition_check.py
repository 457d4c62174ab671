"""What the editor is told of a text while it is written: faults with their places, and what it would make."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from support.callers import Browser

BASH = "airflow.operators.bash.BashOperator"
START = "2024-01-01T00:00:00Z"
REQUEST = {
    "workflow": {
        "name": "nightly",
        "dag_config": {
            "nightly": {
                "schedule": None,
                "default_args": {"owner": "team", "start_date": START},
                "tasks": {"one": {"operator": BASH, "bash_command": "true"}},
            }
        },
    }
}
SEVERAL = f"""\
default:
  default_args: {{owner: team, start_date: 2024-01-01}}
nightly:
  schedule: null
  tasks:
    one: {{operator: {BASH}, bash_command: "true"}}
hourly:
  shedule: '@hourly'
  tasks:
    one: {{operator: {BASH}, bash_command: "true"}}
"""


def check(app, text: str | None = None, user: str = "admin", **arguments: Any):
    """Send a text as the page does."""
    browser = Browser(app, user)
    headers = {"X-CSRFToken": browser.csrf_token, "Content-Type": "text/plain"}
    data = None if text is None else text.encode()
    return browser.client.post("/rest_api/check", data=data, headers=headers, **arguments)


def test_a_text_without_faults(app):
    """The answer has the request that deploys the DAG, and its canonical definition, of which the graph is drawn."""
    text = json.dumps(REQUEST)
    answer = check(app, text).json
    definition = answer["dags"][0].pop("definition")
    request = answer["dags"][0].pop("request")
    assert answer == {"faults": [], "dags": [{"name": None, "is_well": True, "dag_id": "nightly", "faults": []}]}
    assert json.loads(request) == REQUEST
    assert [(task["task_id"], task["operator"]) for task in definition["tasks"]] == [("one", BASH)]


def test_yaml_of_several_dags(app):
    """Each DAG of a dag-factory file is a request of its own with the default block; a fault has its line there."""
    answer = check(app, SEVERAL).json
    nightly, hourly = answer["dags"]
    assert (nightly["name"], nightly["dag_id"], nightly["is_well"], nightly["faults"]) == (
        "nightly",
        "nightly",
        True,
        [],
    )
    assert sorted(json.loads(nightly["request"])["workflow"]["dag_config"]) == ["default", "nightly"]
    assert (hourly["name"], hourly["dag_id"], hourly["is_well"], hourly["definition"]) == ("hourly", None, False, None)
    detail = "unknown key 'shedule'; did you mean 'schedule'?"
    assert hourly["faults"] == [{"pointer": "/hourly/shedule", "detail": detail, "line": 8, "column": 3}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", {"pointer": "", "detail": "is empty", "line": None, "column": None}),
        ('{"a": }', {"pointer": "", "detail": "is no JSON: Expecting value, column 7", "line": 1, "column": 7}),
        ("a: [", {"pointer": "", "line": 2, "column": 1}),
        ("\ufeffa: 'é", {"pointer": ""}),
    ],
)
def test_a_text_that_cannot_be_read(app, text, fault):
    """What is neither JSON nor YAML is one fault, with the place where a reader stops understanding it."""
    answer = check(app, text).json
    assert answer["dags"] == []
    [told] = answer["faults"]
    assert {key: told[key] for key in fault} == fault


def test_a_text_that_is_too_large(app):
    """A text larger than a deploy may be is refused."""
    assert check(app, "a" * 1_048_577).status_code == 413


def test_a_text_in_chunks_is_no_larger_either(app):
    """A text that comes without a length is read up to the limit and no further."""
    for size, status in ((1_048_576, 200), (1_048_577, 413)):
        stream = io.BytesIO(b"a" * size + b"never read" * 1000 * (status == 413))
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        assert check(app, input_stream=stream, environ_overrides=environ).status_code == status
        assert stream.tell() <= 1_048_577


@pytest.mark.parametrize("user", ["viewer", "user", "op"])
def test_only_whoever_may_deploy_is_told(app, user):
    """Names of files and classes on the server are not told to others."""
    assert check(app, "a: 1", user).status_code == 403
    assert Browser(app, user).client.get("/rest_api/operators").status_code == 403


def test_nobody_is_told_without_a_session(app):
    """Who isn't signed in, or has no CSRF token, is told nothing."""
    assert app.test_client().get("/rest_api/operators").status_code == 401
    assert Browser(app, "admin").client.post("/rest_api/check", data=b"a: 1").status_code == 400


def test_the_operators_that_are_installed(app):
    """Operators, sensors and transfers are named by their paths, each of which a task may have."""
    operators = Browser(app, "admin").client.get("/rest_api/operators").json["operators"]
    assert operators == sorted(set(operators))
    assert {BASH, "airflow.sensors.python.PythonSensor"} <= set(operators)
    assert "airflow.sensors.base.BaseSensorOperator" not in operators
    tasks = {f"task_{number}": {"operator": path, "no_such_argument": 1} for number, path in enumerate(operators)}
    request = {"workflow": {"name": "every", "dag_config": {"every": {"schedule": None, "tasks": tasks}}}}
    [dag] = check(app, json.dumps(request)).json["dags"]
    assert not [fault for fault in dag["faults"] if fault["pointer"].endswith("/operator")]
