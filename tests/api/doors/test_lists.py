"""Lists of runs and of task instances at the typed door."""

from __future__ import annotations

import pytest

from openmetadata_airflow_apis.api import operations
from support import dag_runs

RUNS = "/dags/doors/dagRuns"


@pytest.fixture
def runs(dag, session):
    """Three runs of `doors`, one, two and three."""
    for name in ("one", "two", "three"):
        dag_runs.new_run(dag, session, {"first": "success"}, run_id=name)


def test_the_run_created_last_comes_first(typed_door, runs):
    """list_dag_runs answers whole runs, the newest first, and how many there are."""
    status, body = typed_door("GET", RUNS)
    assert status == 200
    assert [run["run_id"] for run in body["dag_runs"]] == ["three", "two", "one"]
    assert body["dag_runs"][2] == typed_door("GET", f"{RUNS}/one")[1]
    assert body["total_entries"] == 3


def test_a_page_of_runs(typed_door, runs):
    """limit and offset choose a page; the total stays."""
    _, body = typed_door("GET", f"{RUNS}?limit=1&offset=1")
    assert ([run["run_id"] for run in body["dag_runs"]], body["total_entries"]) == (["two"], 3)


def test_each_task_instance_of_a_run(typed_door, runs):
    """list_task_instances answers each task instance as task_instance_detail does, by task_id."""
    status, body = typed_door("GET", f"{RUNS}/one/taskInstances")
    assert status == 200
    assert [(one["task_id"], one["state"]) for one in body["task_instances"]] == [
        ("first", "success"),
        ("second", None),
        ("third", None),
    ]
    assert body["task_instances"][0] == typed_door("GET", f"{RUNS}/one/taskInstances/first")[1]
    assert body["total_entries"] == 3


def test_a_page_of_task_instances(typed_door, runs):
    """limit and offset choose a page; the total stays."""
    _, body = typed_door("GET", f"{RUNS}/one/taskInstances?limit=1&offset=2")
    assert ([one["task_id"] for one in body["task_instances"]], body["total_entries"]) == (["third"], 3)


@pytest.mark.parametrize(
    ("path", "kind", "detail"),
    [
        ("/dags/nowhere/dagRuns", "dag-not-found", "The DAG with dag_id: `nowhere` was not found"),
        ("/dags/nowhere/dagRuns/one/taskInstances", "dag-not-found", "The DAG with dag_id: `nowhere` was not found"),
        (
            "/dags/doors/dagRuns/never/taskInstances",
            "dag-run-not-found",
            "The DagRun with dag_id: `doors` and run_id: `never` was not found",
        ),
    ],
)
def test_what_is_not_there(typed_door, dag, path, kind, detail):
    """A list of what does not exist is 404, and says what is missing."""
    assert typed_door("GET", path) == (
        404,
        {"type": f"/rest_api/api/problems/{kind}", "title": "Not Found", "status": 404, "detail": detail},
    )


def test_keys_come_in_the_specifications_order(typed_door, runs):
    """Bodies are written for readers: their keys stand as the specification has them, not sorted."""
    _, body = typed_door("GET", f"{RUNS}/one")
    described = operations.document()["components"]["schemas"]["DagRun"]["properties"]
    assert list(body) == [name for name in described if name in body]
