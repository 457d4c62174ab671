"""Restarting and killing many runs at both doors: whole bodies, refusals, and paths that look alike."""

from __future__ import annotations

import pytest

from support import dag_runs

RUNS = "/dags/doors/dagRuns"
DATES = {name: f"2026-01-02T{hour:02}:00:00.000000Z" for hour, name in enumerate(("one", "two", "three"))}
NO_PROCESS = {"job_id": None, "hostname": None, "pid": None}


@pytest.fixture
def runs(dag, session):
    """Of the runs of `doors`, one has failed, two is unfinished, three is done."""
    dag_runs.new_run(
        dag,
        session,
        {"first": "failed", "second": "upstream_failed", "third": "upstream_failed"},
        run_id="one",
        run_state="failed",
    )
    dag_runs.new_run(dag, session, {"first": "success", "second": "queued"}, run_id="two")
    done = dict.fromkeys(("first", "second", "third"), "success")
    dag_runs.new_run(dag, session, done, run_id="three", run_state="success")


def of_run(run_id, **more):
    """What an answer says of each run."""
    return {"dag_id": "doors", "run_id": run_id, "logical_date": DATES[run_id], **more}


def touched(state_after=None, **states_before):
    """Task instances with their states before, without a process."""
    return [
        {"task_id": task_id, "map_index": -1, "state_before": before, "state_after": state_after, **NO_PROCESS}
        for task_id, before in states_before.items()
    ]


CLEARED = touched(first="failed", second="upstream_failed", third="upstream_failed")
FAILED = touched("failed", second="queued", third=None)
RESTARTED = {"state": "queued", "failed_task_count": 1, "clear_task_count": 3, "task_instances": CLEARED}
STOPPED = {"state": "failed", "task_instances": FAILED, "still_running": []}
DONE = of_run("three", state="success")


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_restart_of_many_runs(typed_door, runs, session, dry_run):
    """The answer has each run as a restart of it alone would, those with nothing failed, and the numbers of all."""
    answer = typed_door("POST", f"{RUNS}/restart?dry_run={str(dry_run).lower()}", json={"run_ids": ["three", "one"]})
    assert answer == (
        200,
        {
            "dag_id": "doors",
            "dag_runs": [of_run("one", **RESTARTED, dry_run=dry_run)],
            "untouched": [DONE],
            "failed_task_count": 1,
            "clear_task_count": 3,
            "dry_run": dry_run,
        },
    )
    assert dag_runs.run_row("doors", session, "one").state == ("failed" if dry_run else "queued")


@pytest.mark.parametrize("query", ["dry_run=true", "dry_run=false", "wait=5"])
def test_a_kill_of_many_runs(typed_door, runs, session, query):
    """The answer has each run as a kill of it alone would, and those with nothing unfinished."""
    dry_run = query == "dry_run=true"
    body = {"states": ["running", "success"], "logical_date_gte": "2026-01-02T01:00:00Z"}
    assert typed_door("POST", f"{RUNS}/kill?{query}", json=body) == (
        200,
        {
            "dag_id": "doors",
            "dag_runs": [of_run("two", **STOPPED, dry_run=dry_run)],
            "untouched": [DONE],
            "dry_run": dry_run,
        },
    )
    assert dag_runs.run_row("doors", session, "two").state == ("running" if dry_run else "failed")


def test_both_at_the_old_door(old_door, runs):
    """Arguments come in the query, where lists have commas, or in a JSON body; the answer has run_ids alone."""
    assert old_door("restart_dag_runs", method="POST", dag_id="doors", run_ids="one,three") == (
        200,
        {
            "failed_task_count": 1,
            "clear_task_count": 3,
            "run_ids": ["one"],
            "untouched": ["three"],
            "status": "success",
        },
    )
    assert old_door("kill_dag_runs", method="POST", json={"dag_id": "doors", "run_ids": ["two", "three"]}) == (
        200,
        {"run_ids": ["two"], "untouched": ["three"], "status": "success"},
    )
    assert old_door("kill_dag_runs", dag_id="doors", run_ids="two")[0] == 405


def test_a_plus_that_was_not_encoded(old_door, dag, session):
    """In run_ids of a query a space stands for the + of a date with its offset, as in run_id."""
    run_id = "manual__2026-01-02T00:00:00+00:00"
    dag_runs.new_run(dag, session, run_id=run_id)
    status, body = old_door("kill_dag_runs", method="POST", dag_id="doors", run_ids=run_id.replace("+", " "))
    assert (status, body["run_ids"]) == (200, [run_id])


TOO_MANY = (
    "has 501 run_ids, and at most 500 runs are changed at once; send them in several calls, or an operator raises "
    "[openmetadata_airflow_apis] max_runs_at_once"
)
REFUSED = [
    ({}, [("", "chooses no runs; give run_ids, or else states or logical dates")]),
    (
        {"run_ids": ["one"], "states": ["failed"]},
        [("/run_ids", "names the runs already; leave it out, or leave out states")],
    ),
    ({"run_ids": []}, [("/run_ids", "is empty; give at least one")]),
    ({"states": ["broken"]}, [("/states/0", "'broken' is not one of queued, running, success, failed")]),
    (
        {"logical_date_gte": "2026-01-02T00:00:00"},
        [
            (
                "/logical_date_gte",
                "'2026-01-02T00:00:00' has no offset; write it as 2026-01-02T00:00:00Z or 2026-01-02T00:00:00+01:00",
            )
        ],
    ),
    ({"run_id": "one"}, [("/run_id", "unknown key 'run_id'; did you mean 'run_ids'?")]),
    (
        {"run_ids": [str(number) for number in range(501)]},
        [("/run_ids", TOO_MANY)],
    ),
]


@pytest.mark.parametrize("verb", ["restart", "kill"])
@pytest.mark.parametrize(("body", "faults"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_choice_that_cannot_be_used(typed_door, runs, session, verb, body, faults):
    """Each is 400 with its place and the cure, and nothing is changed."""
    status, answer = typed_door("POST", f"{RUNS}/{verb}", json=body)
    assert (status, [(each["pointer"], each["detail"]) for each in answer["errors"]]) == (400, faults)
    assert [dag_runs.run_row("doors", session, name).state for name in DATES] == ["failed", "running", "success"]


def test_what_is_not_there_and_what_is_nothing(typed_door, old_door, runs):
    """A run_id that is not there is 404, nothing to do 409; the old door has its sibling's words."""
    for verb, operation, done, old in (
        ("restart", "restart_dag_runs", "no failed task instances", "dagRun don't have failed tasks"),
        ("kill", "kill_dag_runs", "no unfinished task instances", "dagRun don't have running tasks"),
    ):
        status, body = typed_door("POST", f"{RUNS}/{verb}", json={"run_ids": ["one", "thre"]})
        assert (status, body["detail"]) == (
            404,
            "The DagRun with dag_id: `doors` and run_id: `thre` was not found; did you mean `three`?",
        )
        status, body = typed_door("POST", f"{RUNS}/{verb}", json={"run_ids": ["three"]})
        assert (status, body["detail"]) == (409, f"The DagRun `three` of the DAG `doors` has {done}")
        assert old_door(operation, method="POST", dag_id="doors", run_ids="nope") == (
            404,
            {"error": "dag run is not found"},
        )
        assert old_door(operation, method="POST", dag_id="doors", run_ids="three") == (404, {"error": old})


@pytest.mark.parametrize("run_id", ["restart", "kill", "partial"])
def test_a_run_may_have_the_name_of_an_operation(typed_door, old_door, dag, session, run_id):
    """A run of the run_id `restart` is looked at, killed and restarted as any other."""
    dag_runs.new_run(dag, session, {"first": "queued"}, run_id=run_id)
    assert typed_door("GET", f"{RUNS}/{run_id}")[1]["run_id"] == run_id
    assert typed_door("POST", f"{RUNS}/{run_id}/kill")[1]["run_id"] == run_id
    assert typed_door("POST", f"{RUNS}/{run_id}/restart")[1]["run_id"] == run_id
    assert typed_door("GET", f"{RUNS}/{run_id}/taskInstances")[1]["total_entries"] == 3
    assert old_door("dag_state", dag_id="doors", run_id=run_id)[1]["state"] == "queued"
    assert typed_door("POST", f"{RUNS}/kill", json={"run_ids": [run_id]})[1]["dag_runs"][0]["run_id"] == run_id
