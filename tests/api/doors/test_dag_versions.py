"""Versions of a definition over HTTP: listed, shown, compared, restored."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from airflow.models.dag import DagModel
from airflow.models.log import Log

from openmetadata_airflow_apis.stores import version_rows

TYPED = "/rest_api/api"
VERSIONS = "/dags/versioned/dagVersions"
PROBLEMS = "/rest_api/api/problems"


def body(command: str = "true", **more: Any) -> dict[str, Any]:
    """The request that deploys `versioned`."""
    definition = {
        "default_args": {"owner": "ann", "start_date": "2 days"},
        "schedule": None,
        "tasks": {"say": {"operator": "airflow.operators.bash.BashOperator", "bash_command": command}},
    }
    return {"workflow": {"name": "versioned", "dag_config": {"versioned": definition}, **more}}


@pytest.fixture(autouse=True)
def _gone_afterwards(session, typed_door):
    """Nothing of `versioned` is left."""
    yield
    typed_door("DELETE", "/dags/versioned")
    session.execute(version_rows.TABLE.delete())
    session.commit()


@pytest.fixture
def two(typed_door):
    """The answers of two deploys of `versioned`."""
    status, first = typed_door("POST", "/dags?comment=The first", json=body())
    assert status == 201
    status, second = typed_door("POST", "/dags", json=body("echo 2", force=True))
    assert status == 200
    return first, second


def version_of(deployment: dict[str, Any], comment: str | None = None) -> dict[str, Any]:
    """The version that a deployment has made."""
    return {
        "dag_id": "versioned",
        "version_number": deployment["version_number"],
        "revision": deployment["revision"],
        "created_by": "admin",
        "created_at": deployment["deployed_at"],
        "comment": comment,
        "deleted_at": None,
    }


CHANGED_COMMAND = {
    "dag": [],
    "tasks_added": [],
    "tasks_removed": [],
    "tasks_changed": {"say": ["arguments.bash_command"]},
    "edges_added": [],
    "edges_removed": [],
    "task_groups_added": [],
    "task_groups_removed": [],
    "task_groups_changed": [],
    "task_differences": {"say": [{"key": "arguments.bash_command", "before": "true", "after": "echo 2"}]},
}


def test_versions_are_listed(two, typed_door):
    """The newest version comes first, unless the oldest is asked for."""
    first, second = version_of(two[0], "The first"), version_of(two[1])
    assert typed_door("GET", VERSIONS) == (200, {"dag_versions": [second, first], "total_entries": 2})
    assert typed_door("GET", f"{VERSIONS}?limit=1&order_by=version_number") == (
        200,
        {"dag_versions": [first], "total_entries": 2},
    )
    assert typed_door("GET", f"{VERSIONS}?offset=1") == (200, {"dag_versions": [first], "total_entries": 2})


def test_a_version_is_shown_with_its_definition(two, typed_door):
    """A version has the definition as it was sent, and the canonical one."""
    status, version = typed_door("GET", f"{VERSIONS}/1")
    canonical = version.pop("canonical_definition")
    assert (status, version) == (
        200,
        {**version_of(two[0], "The first"), "definition": body()["workflow"]},
    )
    assert canonical["dag_id"] == "versioned"
    assert canonical["tasks"][0]["arguments"] == {"bash_command": "true"}
    assert typed_door("GET", "/dags/versioned")[1]["version_number"] == 2


def test_versions_are_compared(two, typed_door):
    """A version is compared with the one before it, or any other, either way round."""
    of = {"dag_id": "versioned", "version_number": 2}
    assert typed_door("GET", f"{VERSIONS}/2/changes") == (200, {**of, "against": 1, "changes": CHANGED_COMMAND})
    status, back = typed_door("GET", f"{VERSIONS}/1/changes?against=2")
    assert (status, back["against"]) == (200, 2)
    assert back["changes"]["task_differences"] == {
        "say": [{"key": "arguments.bash_command", "before": "echo 2", "after": "true"}]
    }
    status, first = typed_door("GET", f"{VERSIONS}/1/changes")
    assert (status, first["against"], first["changes"]["tasks_added"]) == (200, None, ["say"])


def test_a_dry_run_tells_the_same_differences(two, typed_door):
    """A deploy's dry run has the changes of a comparison."""
    typed_door("POST", f"{VERSIONS}/1/restore")
    status, planned = typed_door("POST", "/dags?dry_run=true", json=body("echo 2", force=True))
    assert status == 200
    assert planned["changes"]["task_differences"] == CHANGED_COMMAND["task_differences"]


def test_a_version_is_restored(two, typed_door, session):
    """A restore makes a new version of the old content, and its audit row says which it was."""
    status, restored = typed_door("POST", f"{VERSIONS}/1/restore?comment=It was better")
    assert (status, restored["version_number"], restored["changed"]) == (200, 3, True)
    assert restored["revision"] == two[0]["revision"]
    assert typed_door("GET", f"{VERSIONS}?limit=1")[1]["dag_versions"] == [version_of(restored, "It was better")]
    deployed = typed_door("GET", "/dags/versioned")[1]
    assert (deployed["revision"], deployed["definition"]) == (two[0]["revision"], body()["workflow"])
    row = session.query(Log).filter(Log.dag_id == "versioned").order_by(Log.id.desc()).first()
    assert row.event == "restore_dag_version"
    assert '"restored_version": 1' in row.extra

    again = typed_door("POST", f"{VERSIONS}/1/restore")[1]
    assert (again["version_number"], again["changed"]) == (3, False)
    assert typed_door("GET", VERSIONS)[1]["total_entries"] == 3


def test_a_restore_tells_what_it_would_change(two, typed_door):
    """With dry_run a restore answers the changes and makes no version."""
    status, planned = typed_door("POST", f"{VERSIONS}/1/restore?dry_run=true")
    assert (status, planned["dry_run"], planned["version_number"], planned["changed"]) == (200, True, 3, True)
    assert planned["changes"]["tasks_changed"] == {"say": ["arguments.bash_command"]}
    assert typed_door("GET", VERSIONS)[1]["total_entries"] == 2


def test_a_restore_keeps_relative_dates(two, typed_door):
    """What was two days before the deploy is the same day after a restore, however much later that is."""
    before = typed_door("GET", f"{VERSIONS}/1")[1]["canonical_definition"]
    typed_door("POST", f"{VERSIONS}/1/restore")
    assert typed_door("GET", f"{VERSIONS}/3")[1]["canonical_definition"] == before


def test_a_restore_leaves_the_paused_state(typed_door, session):
    """A restore neither pauses nor unpauses, whatever the deploy of then did."""
    typed_door("POST", "/dags", json=body(unpause=True))
    typed_door("POST", "/dags", json=body("echo 2", force=True, pause=True))
    assert typed_door("POST", f"{VERSIONS}/1/restore")[1]["is_paused"] is True
    assert session.query(DagModel.is_paused).filter(DagModel.dag_id == "versioned").scalar() is True


def test_a_deleted_dag_comes_back(two, typed_door):
    """A deleted DAG's versions are there with the mark, and one of them can be restored."""
    assert typed_door("DELETE", "/dags/versioned")[0] == 200
    marks = [version["deleted_at"] for version in typed_door("GET", VERSIONS)[1]["dag_versions"]]
    assert None not in marks
    assert typed_door("GET", "/dags/versioned")[0] == 404

    status, restored = typed_door("POST", f"{VERSIONS}/2/restore")

    assert (status, restored["created"], restored["version_number"]) == (201, True, 3)
    assert restored["revision"] == two[1]["revision"]
    assert typed_door("GET", "/dags/versioned")[1]["version_number"] == 3


def test_a_flat_body_is_restored(typed_door):
    """A version that was sent in the flat form of 0.1.x is restored as any other."""
    flat = {
        "name": "versioned",
        "startDate": "2024-01-01",
        "owner": "ann",
        "scheduleInterval": "@daily",
        "tasks": [{"name": "say", "operator": "airflow.operators.bash.BashOperator", "config": {"bash_command": "a"}}],
    }
    status, first = typed_door("POST", "/dags", json=flat)
    assert status == 201, first
    typed_door("POST", "/dags", json=body(force=True))
    status, restored = typed_door("POST", f"{VERSIONS}/1/restore")
    assert (status, restored.get("revision")) == (200, first["revision"]), restored


def test_a_restore_is_checked_as_a_deploy(typed_door, callables):
    """A version that could not be deployed any more is refused with every fault, and nothing is changed."""
    (callables / "soon_gone.py").write_text("def f():\n    pass\n")
    with_callable = body(force=True)
    with_callable["workflow"]["dag_config"]["versioned"]["tasks"]["call"] = {
        "operator": "airflow.operators.python.PythonOperator",
        "python_callable_name": "f",
        "python_callable_file": "soon_gone.py",
    }
    assert typed_door("POST", "/dags", json=with_callable)[0] == 201
    shutil.rmtree(callables)
    typed_door("POST", "/dags", json=body(force=True))

    status, refusal = typed_door("POST", f"{VERSIONS}/1/restore")

    assert (status, refusal["type"]) == (400, f"{PROBLEMS}/invalid-definition")
    assert [fault["pointer"] for fault in refusal["errors"]] == [
        "/workflow/dag_config/versioned/tasks/call/python_callable_file"
    ]
    assert typed_door("GET", VERSIONS)[1]["total_entries"] == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/9"), ("GET", "/9/changes"), ("GET", "/1/changes?against=9"), ("POST", "/9/restore")],
)
def test_a_version_that_is_not_there(two, typed_door, method, path):
    """A number that no version has is 404, with those that there are."""
    assert typed_door(method, VERSIONS + path) == (
        404,
        {
            "type": f"{PROBLEMS}/dag-version-not-found",
            "title": "Not Found",
            "status": 404,
            "detail": "The version 9 of the DAG `versioned` was not found; it has 1 to 2",
        },
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/1"), ("GET", "/1/changes"), ("POST", "/1/restore")]
)
def test_a_dag_that_never_was(typed_door, method, path):
    """A DAG that was never deployed here is 404."""
    status, refusal = typed_door(method, f"/dags/never/dagVersions{path}")
    assert (status, refusal["type"]) == (404, f"{PROBLEMS}/dag-not-found")


@pytest.mark.parametrize("path", ["?order_by=created_at", "?limit=0", "/1/changes?against=0", "/4294967296"])
def test_arguments_that_cannot_be_used(two, typed_door, path):
    """An argument out of its bounds is 400."""
    status, refusal = typed_door("GET", VERSIONS + path)
    assert (status, refusal["type"]) == (400, f"{PROBLEMS}/invalid-argument")


def test_the_old_door_takes_a_comment(two, old_door, typed_door):
    """A deploy at the old door can say what it is for; its answer is what it always was."""
    status, answer = old_door("deploy_dag", method="POST", json=body("echo 3", force=True), comment="From the old door")
    assert (status, answer) == (200, {"message": "Workflow [versioned] has been created", "status": "success"})
    assert typed_door("GET", f"{VERSIONS}/3")[1]["comment"] == "From the old door"


def tagged(answer) -> str:
    """The revision in an answer's ETag."""
    tag = answer.headers["ETag"]
    assert tag[0] == tag[-1] == '"'
    return tag[1:-1]


def test_what_is_deployed_has_a_tag(two, call):
    """get_dag, a deploy and a restore answer the revision as ETag; a dry run, which deploys nothing, none."""
    assert tagged(call("GET", f"{TYPED}/dags/versioned")) == two[1]["revision"]
    redeployed = call("POST", f"{TYPED}/dags", json=body("echo 3", force=True))
    assert tagged(redeployed) == redeployed.json["revision"]
    assert tagged(call("POST", f"{TYPED}{VERSIONS}/1/restore")) == two[0]["revision"]
    assert "ETag" not in call("POST", f"{TYPED}/dags?dry_run=true", json=body(force=True)).headers


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If-Match", '"{}"', 200),
        ("If-Match", "*", 200),
        ("If-Match", '"another", "{}"', 200),
        ("If-Match", '"another"', 412),
        ("If-Match", '"*"', 412),
        ("If-Match", 'W/"{}"', 412),
        ("If-Match", 'w/"{0}" , "{0}"', 200),
        ("If-Match", "{}", 200),
        ("If-Match", '"another", *', 412),
        ("If-Match", '"', 400),
        ("If-Match", ' , "{}', 400),
        ("If-Match", '"an, other", ,"{}"', 200),
        ("If-Match", '""', 412),
        ("If-Match", ",", 400),
        ("If-None-Match", "*", 412),
        ("If-None-Match", 'W/"{}"', 412),
        ("If-None-Match", '"another", "{}"', 412),
        ("If-None-Match", '"another"', 200),
        ("If-None-Match", '"another", *', 200),
        ("If-None-Match", "", 400),
    ],
)
def test_tags_are_read_as_rfc_9110_has_them(two, call, header, value, status):
    """Lists, weak tags and the star; a header without any tag is refused, not dropped."""
    tag = value.format(two[1]["revision"])
    deployed = call("POST", f"{TYPED}/dags?dry_run=true", json=body("echo 3", force=True), headers={header: tag})
    restored = call("POST", f"{TYPED}{VERSIONS}/1/restore?dry_run=true", headers={header: tag})
    assert (deployed.status_code, restored.status_code) == (status, status)


def test_something_else_is_deployed(two, call, typed_door):
    """A change that asks for another revision than what is deployed is 412 at both doors, and nothing is changed."""
    first, second = (deployment["revision"] for deployment in two)
    headers = {"If-Match": f'"{first}"'}
    sentence = (
        f'The DAG `versioned` is not as If-Match asks: "{second}" is deployed; '
        "nothing was changed, look at it and decide anew"
    )
    for method, path, sent in (
        ("POST", f"{TYPED}/dags", body("echo 3", force=True)),
        ("POST", f"{TYPED}{VERSIONS}/1/restore", None),
        ("DELETE", f"{TYPED}/dags/versioned", None),
    ):
        answer = call(method, path, json=sent, headers=headers)
        assert (answer.status_code, answer.json) == (
            412,
            {
                "type": f"{PROBLEMS}/precondition-failed",
                "title": "Precondition Failed",
                "status": 412,
                "detail": sentence,
            },
        )
    old = call("POST", f"{TYPED}?api=deploy_dag", json=body("echo 3", force=True), headers=headers)
    assert (old.status_code, old.json) == (412, {"error": sentence})
    old = call("POST", f"{TYPED}?api=delete_dag&dag_id=versioned", headers=headers)
    assert (old.status_code, old.json) == (412, {"error": sentence})
    assert typed_door("GET", "/dags/versioned")[1]["revision"] == second
    assert typed_door("GET", VERSIONS)[1]["total_entries"] == 2


def test_nothing_is_deployed(call):
    """If-Match on a name under which nothing is deployed is 412."""
    answer = call("POST", f"{TYPED}/dags", json=body(), headers={"If-Match": "*"})
    assert answer.status_code == 412
    assert answer.json["detail"].startswith(
        "The DAG `versioned` is not as If-Match asks: nothing is deployed under that name; nothing was changed"
    )
