"""Lists of runs and of task instances at the typed door."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from openmetadata_airflow_apis.api import operations
from support import dag_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.mark.parametrize("state", ["shutdown", "sensing"])
def test_states_of_older_releases_are_answered(typed_door, session, state):
    """A mapped task with an instance in a state that Airflow's grid leaves out is answered, that state counted too."""
    from airflow.operators.bash import BashOperator

    with dag_runs.new_dag("doors") as dag:
        BashOperator.partial(task_id="mapped").expand(bash_command=["true", "false", "date"])
    dag_runs.store(dag, session)
    states = {("mapped", 0): "success", ("mapped", 1): state, ("mapped", 2): state}
    dag_runs.new_run(dag, session, states, run_id="one")
    status, body = typed_door("GET", "/dags/doors/taskSummaries")
    assert status == 200, body
    [task] = body["dag_runs"][0]["tasks"]
    assert (task["state"], task["task_instance_counts"]) == ("success", {state: 2, "success": 1})
    status, body = typed_door("GET", f"{RUNS}/one/taskInstances/mapped")
    assert (status, body["state"], body["count"]) == (200, "success", 3)
    status, body = typed_door("GET", f"{RUNS}/one/taskInstances")
    assert (status, [one["state"] for one in body["task_instances"]]) == (200, ["success", state, state])
    status, body = typed_door("GET", f"{RUNS}/one/taskInstances?state={state}")
    assert (status, [one["map_index"] for one in body["task_instances"]]) == (200, [1, 2])
    status, body = typed_door("GET", f"{RUNS}/one/explanation")
    assert (status, body["task_instance_counts"]) == (200, {state: 2, "success": 1})


def test_how_each_task_went(typed_door, runs):
    """list_task_summaries answers the runs asked for, each with its tasks in the words of list_dag_runs."""
    status, body = typed_door("GET", "/dags/doors/taskSummaries?run_id=three&run_id=one")
    assert status == 200
    assert [run["run_id"] for run in body["dag_runs"]] == ["three", "one"]
    whole = typed_door("GET", f"{RUNS}/one")[1]
    instance = typed_door("GET", f"{RUNS}/one/taskInstances/first")[1]
    tasks = body["dag_runs"][1].pop("tasks")
    assert body["dag_runs"][1] == {name: whole[name] for name in body["dag_runs"][1]}
    assert tasks == [
        {
            "task_id": "first",
            "state": "success",
            "task_instance_counts": {"success": 1},
            "try_number": 1,
            "queued_when": instance["queued_when"],
            "start_date": instance["start_date"],
            "end_date": instance["end_date"],
        },
        *(
            {
                "task_id": task_id,
                "state": None,
                "task_instance_counts": {"no_status": 1},
                "try_number": 0,
                "queued_when": None,
                "start_date": None,
                "end_date": None,
            }
            for task_id in ("second", "third")
        ),
    ]
    assert body["total_entries"] == 2


def test_a_page_of_task_instances(typed_door, runs):
    """limit and offset choose a page; the total stays."""
    _, body = typed_door("GET", f"{RUNS}/one/taskInstances?limit=1&offset=2")
    assert ([one["task_id"] for one in body["task_instances"]], body["total_entries"]) == (["third"], 3)


@pytest.fixture
def different_runs(dag, session):
    """Runs a to d of `doors`, a day after each other from 2026-01-02 on, in different states."""
    from airflow.models.dagrun import DagRun

    for run_id, state in (("a", "success"), ("b", "failed"), ("c", "running"), ("d", "queued")):
        dag_runs.new_run(dag, session, {"first": "success"}, run_id=run_id, run_state=state)
    table = DagRun.__table__
    for number, run_id in enumerate("abcd"):
        date = datetime(2026, 1, 2 + number, tzinfo=timezone.utc)
        columns = {"execution_date": date, "start_date": date, "end_date": date if number < 2 else None}
        session.execute(update(table).where(table.c.dag_id == "doors", table.c.run_id == run_id).values(**columns))
    session.execute(update(table).where(table.c.run_id == "d").values(run_type="scheduled", start_date=None))
    session.commit()


@pytest.mark.parametrize(
    ("query", "run_ids"),
    [
        ("", "dcba"),
        ("state=failed", "b"),
        ("state=failed&state=success", "ba"),
        ("state=failed,success", "ba"),
        ("run_type=scheduled", "d"),
        ("logical_date_gte=2026-01-03T00:00:00Z", "dcb"),
        ("logical_date_gte=2026-01-03T00:00:00Z&logical_date_lte=2026-01-04T00:00:00Z", "cb"),
        ("logical_date_lte=2026-01-03T01:00:00%2B01:00", "ba"),
        ("logical_date_lte=2026-01-03T01:00:00+01:00", "ba"),
        ("start_date_gte=2026-01-04T00:00:00Z", "c"),
        ("start_date_lte=2026-01-02T00:00:00Z", "a"),
        ("end_date_lte=2026-01-02T00:00:00Z", "a"),
        ("end_date_gte=2026-01-02T00:00:00Z&state=failed", "b"),
        ("order_by=logical_date", "abcd"),
        ("order_by=-logical_date", "dcba"),
        ("order_by=end_date", "abdc"),
        ("order_by=-start_date", "cbad"),
        ("order_by=state", "bdca"),
        ("order_by=run_id&limit=2&offset=1", "bc"),
    ],
)
def test_runs_are_filtered_and_ordered(typed_door, different_runs, query, run_ids):
    """list_dag_runs takes Airflow's filters and its order; what has no value comes last, the total counts the rest."""
    status, body = typed_door("GET", f"{RUNS}?{query}")
    assert status == 200, body
    assert "".join(run["run_id"] for run in body["dag_runs"]) == run_ids
    assert body["total_entries"] == (4 if "limit" in query else len(run_ids))


@pytest.fixture
def different_tasks(session) -> Iterator[None]:
    """The run `one` of five task instances of `doors` that differ in all that can be asked for."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.operators.empty import EmptyOperator

    with dag_runs.new_dag("doors") as dag:
        for name in "abcde":
            EmptyOperator(task_id=name)
    dag_runs.store(dag, session)
    states = {"a": "success", "b": "failed", "c": "running", "d": None, "e": "queued"}
    dag_runs.new_run(dag, session, states, run_id="one")
    table = TaskInstance.__table__
    for number, name in enumerate("abcde"):
        date = datetime(2026, 1, 2 + number, tzinfo=timezone.utc)
        columns = {
            "start_date": date if name in "abc" else None,
            "end_date": date if name in "ab" else None,
            "duration": 10.0 * (number + 1) if name in "ab" else None,
            "pool": "narrow" if name == "b" else "default_pool",
            "queue": "gpu" if name == "c" else "default",
        }
        session.execute(update(table).where(table.c.dag_id == "doors", table.c.task_id == name).values(**columns))
    session.commit()
    yield
    # What waits is explained by what runs in its queue, of any DAG: nothing of this one may seem to.
    session.execute(update(table).where(table.c.dag_id == "doors").values(state="success"))
    session.commit()


@pytest.mark.parametrize(
    ("query", "task_ids"),
    [
        ("", "abcde"),
        ("state=failed&state=running", "bc"),
        ("state=none", "d"),
        ("state=none&state=queued", "de"),
        ("pool=narrow", "b"),
        ("queue=gpu", "c"),
        ("queue=gpu&pool=narrow", ""),
        ("start_date_gte=2026-01-03T00:00:00Z", "bc"),
        ("start_date_lte=2026-01-03T00:00:00Z", "ab"),
        ("end_date_gte=2026-01-03T00:00:00Z", "b"),
        ("end_date_lte=2026-01-02T00:00:00Z", "a"),
        ("duration_gte=15", "b"),
        ("duration_lte=15.5", "a"),
        ("order_by=-duration", "bacde"),
        ("order_by=-task_id", "edcba"),
        ("order_by=state&limit=2", "be"),
        ("task_id=c&task_id=a&task_id=nowhere", "ac"),
    ],
)
def test_task_instances_are_filtered_and_ordered(typed_door, different_tasks, query, task_ids):
    """list_task_instances takes Airflow's filters and its order; the total counts what is left."""
    status, body = typed_door("GET", f"{RUNS}/one/taskInstances?{query}")
    assert status == 200, body
    assert "".join(one["task_id"] for one in body["task_instances"]) == task_ids
    assert body["total_entries"] == (5 if "limit" in query else len(task_ids))


DATE = "give a date-time such as 2024-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("state=exploded", "The argument 'state' 'exploded' is not one of queued, running, success, failed"),
        ("logical_date_gte=yesterday", f"The argument 'logical_date_gte' is 'yesterday'; {DATE}"),
        ("end_date_lte=2026-01-01T00:00:00", f"The argument 'end_date_lte' is '2026-01-01T00:00:00'; {DATE}"),
        (
            "order_by=conf",
            (
                "The argument 'order_by' is 'conf'; give one of run_id, state, run_type, logical_date, queued_at, "
                "start_date, end_date, with a - before it for the other way round"
            ),
        ),
        ("limit=1&limit=2", "The argument 'limit' is given more than once, with different values; give it once"),
    ],
)
def test_filters_that_cannot_be(typed_door, dag, query, detail):
    """A filter or an order that cannot be is 400, and says what can."""
    status, body = typed_door("GET", f"{RUNS}?{query}")
    assert status == 400
    assert body["detail"] == detail


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
