"""Bundles over HTTP: many workflows that are deployed, changed and deleted together."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from airflow.utils import timezone

from support import dag_runs
from support.statements import counted

BUNDLE = "/bundles/crew"


def workflow(name: str, *, force: bool | None = None, **dag: Any) -> dict[str, Any]:
    """The body of a deploy of a DAG of one task."""
    own = {} if force is None else {"force": force}
    tasks = {"first": {"operator": "airflow.operators.empty.EmptyOperator"}}
    defaults = {"owner": "ann", "start_date": "2024-01-01"}
    definition = {"default_args": defaults, "schedule": None, "tasks": tasks, **dag}
    return {"workflow": {"name": name, **own, "dag_config": {name: definition}}}


A, B, C = (workflow(name) for name in ("bundled_a", "bundled_b", "bundled_c"))


@pytest.fixture(autouse=True)
def _nothing_bundled(typed_door):
    """What a test has deployed in bundles, or beside them, is gone afterwards."""
    yield
    status, body = typed_door("GET", "/dags?dag_id_pattern=bundled_")
    assert status == 200
    for dag in (*body["dags"], *body["damaged"]):
        typed_door("DELETE", f"/dags/{dag['dag_id']}")


@pytest.fixture
def apply(typed_door):
    """Apply the bundle `crew`; return the status and, where it was applied, the dag_ids of each of the plan's lists."""

    def send(*workflows: Any, path: str = BUNDLE, query: str = "", prune: bool = False, **more: Any):
        body = {"workflows": list(workflows), "prune": prune}
        status, answer = typed_door("PUT", f"{path}{query}", json=body, **more)
        if status >= 400:
            return status, answer
        kinds = ("created", "changed", "unchanged", "deleted")
        return status, {kind: [dag["dag_id"] for dag in answer[kind]] for kind in kinds if answer[kind]}

    return send


def test_the_first_application_creates_all(typed_door):
    """Each workflow is deployed as deploy_dag would, and belongs to the bundle."""
    status, answer = typed_door("PUT", f"{BUNDLE}?comment=First", json={"workflows": [B, A]})
    assert (status, sorted(answer)) == (200, ["bundle_name", "changed", "created", "deleted", "dry_run", "unchanged"])
    assert (answer["bundle_name"], answer["changed"], answer["unchanged"], answer["deleted"]) == ("crew", [], [], [])
    told = ("dag_id", "state", "created", "changed", "version_number", "dry_run")
    assert [[dag[key] for key in told] for dag in answer["created"]] == [
        ["bundled_b", "parsed", True, True, answer["created"][0]["version_number"], False],
        ["bundled_a", "parsed", True, True, answer["created"][1]["version_number"], False],
    ]
    assert typed_door("GET", "/dags/bundled_a")[1]["bundle_name"] == "crew"
    versions = typed_door("GET", "/dags/bundled_a/dagVersions?limit=1")[1]["dag_versions"]
    assert [version["comment"] for version in versions] == ["First"]


def test_what_is_unchanged_is_left_alone(apply, typed_door):
    """What changed is deployed, what did not keeps its deployed_at, and a DAG without pruning its bundle."""
    assert apply(A, B) == (200, {"created": ["bundled_a", "bundled_b"]})
    before = typed_door("GET", "/dags/bundled_a")[1]["deployed_at"]
    assert apply(A, workflow("bundled_b", tags=["new"]), C) == (
        200,
        {"created": ["bundled_c"], "changed": ["bundled_b"], "unchanged": ["bundled_a"]},
    )
    assert typed_door("GET", "/dags/bundled_a")[1]["deployed_at"] == before
    assert apply(A) == (200, {"unchanged": ["bundled_a"]})
    assert [dag["dag_id"] for dag in typed_door("GET", BUNDLE)[1]["dags"]] == ["bundled_a", "bundled_b", "bundled_c"]


def test_prune_deletes_what_the_body_lacks(apply, typed_door):
    """Only with prune, and only what belongs to this bundle."""
    assert apply(A, B, C)[0] == 200
    assert apply(workflow("bundled_other"), path="/bundles/others")[0] == 200
    assert apply(B, prune=True) == (200, {"unchanged": ["bundled_b"], "deleted": ["bundled_a", "bundled_c"]})
    assert typed_door("GET", "/dags/bundled_a")[0] == 404
    assert typed_door("GET", "/dags/bundled_other")[0] == 200
    assert apply(prune=True) == (200, {"deleted": ["bundled_b"]})
    status, problem = typed_door("GET", BUNDLE)
    assert (status, problem["detail"]) == (404, "The bundle `crew` was not found: no DAG belongs to it")


def test_every_fault_of_each_workflow_is_told(apply, typed_door):
    """Nothing is deployed where one has a fault; each has its JSON pointer into the body."""
    bad = copy.deepcopy(B)
    bad["workflow"]["dag_config"]["bundled_b"]["tasks"]["first"]["bash_comand"] = "x"
    bad["workflow"]["dag_config"]["bundled_b"]["schedule"] = "every day"
    status, problem = apply(A, bad, 7, A)
    assert (status, problem["type"]) == (400, "/rest_api/api/problems/invalid-definition")
    base = "/workflows/1/workflow/dag_config/bundled_b"
    assert sorted(fault["pointer"] for fault in problem["errors"]) == [
        f"{base}/schedule",
        f"{base}/tasks/first/bash_comand",
        "/workflows/2",
        "/workflows/3/workflow/name",
    ]
    assert problem["errors"][-1]["detail"] == (
        "is the name of /workflows/0 too, whatever the case; give each workflow its own"
    )
    assert typed_door("GET", "/dags/bundled_a")[0] == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, ""), ({"workflows": {}}, "/workflows"), ({"workflows": [A], "prune": "yes"}, "/prune")],
)
def test_a_body_that_is_no_bundle(typed_door, body, pointer):
    """A body of another form is 400, with a pointer."""
    status, problem = typed_door("PUT", BUNDLE, json=body)
    assert (status, [fault["pointer"] for fault in problem["errors"]]) == (400, [pointer])


def test_too_many_workflows(typed_door):
    """More than 500 workflows are 400."""
    status, problem = typed_door("PUT", BUNDLE, json={"workflows": [{}] * 501})
    assert (status, [fault["pointer"] for fault in problem["errors"]]) == (400, ["/workflows"])


@pytest.mark.parametrize("name", [".hidden", "a b", "x" * 201, "%00"])
def test_a_name_that_no_bundle_has(typed_door, name):
    """Such a name is 400, in every operation."""
    for method, arguments in (("GET", {}), ("PUT", {"json": {"workflows": []}})):
        assert typed_door(method, f"/bundles/{name}", **arguments)[0] == 400


def test_a_workflow_of_another_bundle_is_a_conflict(apply, typed_door):
    """Whatever its force says; nothing is deployed, and each conflict has its pointer."""
    assert apply(A, path="/bundles/others")[0] == 200
    assert typed_door("POST", "/dags", json=B)[0] == 201
    status, problem = apply(C, workflow("bundled_a", force=True), B)
    assert (status, problem["type"]) == (409, "/rest_api/api/problems/bundle-conflict")
    assert problem["errors"] == [
        {
            "pointer": "/workflows/1",
            "detail": "The DAG `bundled_a` belongs to the bundle `others`; delete it there, or leave it out",
        },
        {
            "pointer": "/workflows/2",
            "detail": "The workflow `bundled_b` is deployed already; send force: true to replace it",
        },
    ]
    assert typed_door("GET", "/dags/bundled_c")[0] == 404


def test_with_force_a_workflow_of_no_bundle_joins(apply, typed_door):
    """Its definition stays the version that it was; it is deployed again, and told as changed, this once."""
    assert typed_door("POST", "/dags", json=A)[0] == 201
    forced = workflow("bundled_a", force=True)
    number = typed_door("GET", "/dags/bundled_a")[1]["version_number"]
    assert apply(forced) == (200, {"changed": ["bundled_a"]})
    dag = typed_door("GET", "/dags/bundled_a")[1]
    assert (dag["bundle_name"], dag["version_number"]) == ("crew", number)
    assert apply(forced) == (200, {"unchanged": ["bundled_a"]})


def test_a_deploy_by_itself_leaves_the_bundle(apply, typed_door):
    """deploy_dag and restore_dag_version keep a DAG in its bundle, whose next application brings it back."""
    assert apply(A)[0] == 200
    other = workflow("bundled_a", force=True, tags=["by hand"])
    first = typed_door("GET", "/dags/bundled_a")[1]["version_number"]
    assert typed_door("POST", "/dags", json=other)[0] == 200
    assert typed_door("GET", "/dags/bundled_a")[1]["bundle_name"] == "crew"
    assert typed_door("POST", f"/dags/bundled_a/dagVersions/{first}/restore")[0] == 200
    assert typed_door("GET", "/dags/bundled_a")[1]["bundle_name"] == "crew"
    assert typed_door("POST", "/dags", json=other)[0] == 200
    assert apply(A) == (200, {"changed": ["bundled_a"]})


def test_relative_dates_keep_their_days(apply, monkeypatch):
    """A date of "2 days" is no change the day after, as long as the text is the same."""
    relative = workflow("bundled_a")
    relative["workflow"]["dag_config"]["bundled_a"]["default_args"]["start_date"] = "2 days"
    assert apply(relative)[0] == 200
    tomorrow = timezone.utcnow() + timedelta(days=1)
    monkeypatch.setattr("openmetadata_airflow_apis.deploy.bundles.timezone.utcnow", lambda: tomorrow)
    assert apply(relative) == (200, {"unchanged": ["bundled_a"]})


def test_paused_as_the_workflow_says(apply, typed_door):
    """A workflow with `pause` or `unpause` is applied again where somebody has done the opposite."""
    paused = copy.deepcopy(A)
    paused["workflow"]["pause"] = True
    assert apply(paused)[0] == 200
    assert apply(paused) == (200, {"unchanged": ["bundled_a"]})
    assert typed_door("PATCH", "/dags/bundled_a", json={"is_paused": False})[0] == 200
    assert apply(paused) == (200, {"changed": ["bundled_a"]})
    assert typed_door("GET", "/dags/bundled_a")[1]["is_paused"] is True


def test_a_dry_run_says_what_would_change(apply, typed_door):
    """With the changes of each workflow, and nothing is done."""
    assert apply(A, B)[0] == 200
    body = {"workflows": [workflow("bundled_a", tags=["new"]), C], "prune": True}
    status, plan = typed_door("PUT", f"{BUNDLE}?dry_run=true", json=body)
    assert (status, plan["dry_run"]) == (200, True)
    assert [change["key"] for change in plan["changed"][0]["changes"]["dag"]] == ["tags"]
    assert [dag["dag_id"] for dag in plan["created"]] == ["bundled_c"]
    (deleted,) = plan["deleted"]
    assert (deleted["dag_id"], deleted["dry_run"]) == ("bundled_b", True)
    assert deleted["deleted_rows"] > 0
    assert apply(A, B) == (200, {"unchanged": ["bundled_a", "bundled_b"]})


def test_a_running_dag_is_not_pruned(apply, typed_door, session):
    """While a task of it runs, the application is refused before anything is done."""
    from airflow.models.serialized_dag import SerializedDagModel

    assert apply(A)[0] == 200
    dag = SerializedDagModel.get("bundled_a", session=session).dag
    dag_runs.new_run(dag, session, {"first": "running"})
    status, problem = apply(B, prune=True)
    assert (status, problem["type"]) == (409, "/rest_api/api/problems/dag-is-running")
    assert typed_door("GET", "/dags/bundled_b")[0] == 404
    dag_runs.put_states("bundled_a", {"first": "success"}, session)
    assert apply(B, prune=True) == (200, {"created": ["bundled_b"], "deleted": ["bundled_a"]})


def test_lists(apply, typed_door):
    """list_bundles has the bundles with their sizes, list_dags those of one, by any filter and page."""
    assert apply(A, B)[0] == 200
    assert apply(C, path="/bundles/others")[0] == 200
    assert typed_door("GET", "/bundles") == (
        200,
        {
            "bundles": [{"bundle_name": "crew", "dag_count": 2}, {"bundle_name": "others", "dag_count": 1}],
            "total_entries": 2,
        },
    )
    assert typed_door("GET", "/bundles?limit=1&offset=1")[1]["bundles"] == [{"bundle_name": "others", "dag_count": 1}]
    status, page = typed_door("GET", "/dags?bundle_name=crew&order_by=-dag_id&limit=1")
    assert (status, [dag["dag_id"] for dag in page["dags"]], page["total_entries"]) == (200, ["bundled_b"], 2)
    assert page["dags"][0]["bundle_name"] == "crew"
    assert typed_door("GET", "/dags?bundle_name=nobody")[1]["total_entries"] == 0
    bundle = typed_door("GET", BUNDLE)[1]
    deployed = typed_door("GET", "/dags/bundled_a")[1]
    told = ("dag_id", "version_number", "revision", "deployed_by", "deployed_at")
    assert bundle["dags"][0] == {key: deployed[key] for key in told}


def test_the_number_of_statements_does_not_grow_with_a_bundle_that_is_unchanged(apply, session):
    """An application that finds nothing to do only reads, and costs as many SQL statements for 40 as for 4."""
    workflows = [workflow(f"bundled_{number}") for number in range(40)]
    numbers = []
    for size in (4, 40):
        assert apply(*workflows[:size])[0] == 200
        with counted(session) as statements:
            status, plan = apply(*workflows[:size], prune=True)
        assert (status, list(plan)) == (200, ["unchanged"])
        assert {statement.split()[0] for statement in statements} <= {"SELECT", "PRAGMA", "SHOW", "BEGIN"}
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
