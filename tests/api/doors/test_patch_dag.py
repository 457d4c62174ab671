"""Pausing and unpausing a DAG."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from openmetadata_airflow_apis.deploy import patch_dag
from support import dag_runs
from support.dag_runs import logged_details
from support.threads import at_once

DOORS = "/dags/doors"


def is_paused(session, dag_id="doors"):
    """Whether Airflow's database has the DAG as paused."""
    from airflow.models.dag import DagModel

    paused = session.scalar(select(DagModel.is_paused).where(DagModel.dag_id == dag_id))
    session.rollback()
    return paused


def logged(session):
    """The audit log's rows of patch_dag for the DAG: who, and what."""
    from airflow.models.log import Log

    rows = session.execute(
        select(Log.owner, Log.extra).where(Log.event == "patch_dag", Log.dag_id == "doors").order_by(Log.id)
    ).all()
    session.rollback()
    return [(row.owner, logged_details(row)) for row in rows]


@pytest.fixture(autouse=True)
def _nothing_logged(session):
    """No row of an earlier test is in the audit log."""
    from airflow.models.log import Log
    from sqlalchemy import delete

    session.execute(delete(Log).where(Log.event == "patch_dag"))
    session.commit()


def patched(changed=True, dry_run=False, **state):
    """The body for the DAG `doors`."""
    return {"dag_id": "doors", **state, "changed": changed, "dry_run": dry_run}


def test_a_dag_is_paused_and_unpaused(typed_door, dag, session):
    """The answer says what the DAG is now, and whether it was otherwise before; the audit log says who did it."""
    assert typed_door("PATCH", DOORS, json={"is_paused": True}) == (200, patched(is_paused=True))
    assert is_paused(session)
    assert typed_door("PATCH", DOORS, json={"is_paused": True}) == (200, patched(is_paused=True, changed=False))
    assert typed_door("PATCH", DOORS, json={"is_paused": False}, user="op") == (200, patched(is_paused=False))
    assert not is_paused(session)
    assert logged(session) == [("admin", {"is_paused": True}), ("op", {"is_paused": False})]


def test_a_dry_run_changes_nothing(typed_door, dag, session):
    """It says what the DAG would be, and whether that would be a change."""
    for wanted, changed in ((True, True), (False, False)):
        answer = typed_door("PATCH", f"{DOORS}?dry_run=true", json={"is_paused": wanted})
        assert answer == (200, patched(is_paused=wanted, changed=changed, dry_run=True))
    assert not is_paused(session)
    assert logged(session) == []


def test_subdags_go_with_their_dag(typed_door, dag, session):
    """As on Airflow's page, the DAG's subDAGs are paused with it, and other DAGs are not."""
    from airflow.models.dag import DagModel

    for name in ("doors.inner", "unrelated"):
        dag_runs.store(dag_runs.new_dag(name), session)
    session.execute(update(DagModel).where(DagModel.dag_id == "doors.inner").values(root_dag_id="doors"))
    session.commit()
    assert typed_door("PATCH", DOORS, json={"is_paused": True})[0] == 200
    assert (is_paused(session, "doors.inner"), is_paused(session, "unrelated")) == (True, False)
    # A subDAG that alone is otherwise is a change, and a dry run says so too.
    session.execute(update(DagModel).where(DagModel.dag_id == "doors.inner").values(is_paused=False))
    session.commit()
    for query, dry_run in (("?dry_run=true", True), ("", False)):
        answer = typed_door("PATCH", f"{DOORS}{query}", json={"is_paused": True})
        assert answer == (200, patched(is_paused=True, dry_run=dry_run))


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"is_paused": True, "tags": []}, [("/tags", "unknown key 'tags'; the keys are is_paused")]),
        (
            {"is_paussed": True},
            [("", "'is_paused' is missing"), ("/is_paussed", "unknown key 'is_paussed'; did you mean 'is_paused'?")],
        ),
        ({"is_paused": "true"}, [("/is_paused", "is the text 'true'; give true or false, true without quotes")]),
        ({"is_paused": None}, [("/is_paused", "is null; give true or false")]),
        ({}, [("", "'is_paused' is missing")]),
    ],
    ids=str,
)
def test_a_body_that_says_something_else_is_refused(typed_door, dag, session, body, faults):
    """Of a DAG's fields is_paused alone can be patched, and is true or false; nothing is changed."""
    status, answer = typed_door("PATCH", DOORS, json=body)
    assert status == 400
    assert [(each["pointer"], each["detail"]) for each in answer["errors"]] == faults
    assert not is_paused(session)
    assert logged(session) == []


def test_a_dag_that_is_not_there(typed_door, dag):
    """It is 404, with the near name, deployed here or not."""
    status, answer = typed_door("PATCH", "/dags/dors", json={"is_paused": True})
    assert (status, answer["detail"]) == (
        404,
        "The DAG with dag_id: `dors` was not found; did you mean `doors`?",
    )


def test_who_may_not_edit_the_dag_may_not_pause_it(typed_door, dag, session):
    """It is 403 with the permission's name."""
    status, answer = typed_door("PATCH", DOORS, json={"is_paused": True}, user="viewer")
    assert (status, answer["detail"]) == (
        403,
        "patch_dag needs the permission 'can edit on DAG:doors' (or on DAGs)",
    )
    assert not is_paused(session)


def test_it_has_only_a_path(old_door):
    """The old door, which the older plugin's operations have alone, says where it is."""
    assert old_door("patch_dag", method="POST", json={"dag_id": "doors", "is_paused": True}) == (
        400,
        {"error": "API 'patch_dag' was not found here; it is at PATCH /rest_api/api/dags/{dag_id}"},
    )


def test_of_two_at_once_one_changes_it(dag, session):
    """Of two who pause a DAG at the same time, one is told that it did, and there is one row in the audit log."""
    from airflow.settings import Session

    def pause(_number: int) -> bool:
        try:
            return patch_dag("doors", is_paused=True, user="ada", session=Session()).changed
        finally:
            Session.remove()

    assert sorted(at_once(pause, 2)) == [False, True]
    assert logged(session) == [("ada", {"is_paused": True})]
