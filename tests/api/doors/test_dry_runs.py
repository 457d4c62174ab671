"""A dry run: the answer is the plan, nothing is written, and who may not, or can't, is told as by the real call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, table, text

from openmetadata_airflow_apis.api import operations
from openmetadata_airflow_apis.stores import version_rows
from support import dag_runs

RUN = {"dag_id": "doors", "run_id": "manual__1"}
RUN_PATH = "/dags/doors/dagRuns/manual__1"
WORKFLOW = {
    "workflow": {
        "name": "dry",
        "force": True,
        "dag_config": {
            "dry": {
                "default_args": {"owner": "ann", "start_date": "2024-01-01"},
                "schedule": None,
                "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
            }
        },
    }
}
CHANGED = {"workflow": {**WORKFLOW["workflow"], "dag_config": {"dry": {**WORKFLOW["workflow"]["dag_config"]["dry"]}}}}
CHANGED["workflow"]["dag_config"]["dry"]["tags"] = ["changed"]


class Call:
    """A call of one operation at both doors.

    query: at the old door, None where it is not there; path, body: at the typed one; json: at both.
    """

    def __init__(
        self, query: dict[str, Any] | None, method: str, path: str, body: Any = None, json: Any = None
    ) -> None:
        self.query, self.method, self.path = query, method, path
        self.body = json if body is None else body
        self.old_body = json

    def typed(self, call, *, dry_run: bool, **more: Any):
        """Call the typed door; return the response."""
        query = {"dry_run": "true"} if dry_run else {}
        return call(self.method, f"/rest_api/api{self.path}", query_string=query, json=self.body, **more)

    def old(self, call, operation: str, *, dry_run: bool, **more: Any):
        """Call the old door; return the response."""
        query = {"api": operation, **self.query, **({"dry_run": "true"} if dry_run else {})}
        return call("POST", "/rest_api/api", query_string=query, json=self.old_body, **more)


RUNS = {"run_ids": ["manual__1"]}
TASK = {**RUN, "task_id": "third"}
CALLS = {
    "deploy_dag": Call({}, "POST", "/dags", json=CHANGED),
    "restore_dag_version": Call(None, "POST", "/dags/dry/dagVersions/1/restore"),
    "apply_bundle": Call(None, "PUT", "/bundles/dry_bundle", {"workflows": [CHANGED]}),
    "refresh_all_dags": Call({}, "POST", "/dags/refresh"),
    "patch_dag": Call(None, "PATCH", "/dags/doors", {"is_paused": True}),
    "delete_dag": Call({"dag_id": "dry"}, "DELETE", "/dags/dry"),
    "trigger_dag": Call({"workflow_name": "doors", "run_id": "new"}, "POST", "/dags/doors/dagRuns", {"run_id": "new"}),
    "run_task_instance": Call(
        {"dag_id": "doors", "run_id": "new", "tasks": "second"},
        "POST",
        "/dags/doors/dagRuns/partial",
        {"run_id": "new", "task_ids": ["second"]},
    ),
    "restart_failed_task": Call(RUN, "POST", f"{RUN_PATH}/restart"),
    "kill_running_tasks": Call(RUN, "POST", f"{RUN_PATH}/kill"),
    "restart_dag_runs": Call({"dag_id": "doors"}, "POST", "/dags/doors/dagRuns/restart", json=RUNS),
    "kill_dag_runs": Call({"dag_id": "doors"}, "POST", "/dags/doors/dagRuns/kill", json=RUNS),
    "skip_task_instance": Call(TASK, "POST", f"{RUN_PATH}/taskInstances/third/skip"),
    "succeed_task_instance": Call(TASK, "POST", f"{RUN_PATH}/taskInstances/third/succeed"),
}
# What differs from call to call: the moment, and what is made of it.
OF_THE_MOMENT = {
    "deployed_at",
    "logical_date",
    "queued_at",
    "start_date",
    "data_interval_start",
    "data_interval_end",
    "note",
}
WITH_DRY_RUN = [
    operation.operation_id
    for operation in operations.operations().values()
    if "dry_run" in operation.query_parameters and operation.tag != "oldDoor"
]
DEPLOYS = {"deploy_dag", "restore_dag_version", "apply_bundle"}


@pytest.fixture
def run(dag, session, call):
    """A run of `doors`: first has succeeded, second failed, third runs in a process that has a heartbeat.

    And `dry`, which is deployed, and whose row was last written by an Airflow that had not seen that.
    """
    from airflow.jobs.job import Job
    from airflow.models.dag import DagModel
    from airflow.utils import timezone

    for workflow in (CHANGED, WORKFLOW):  # the first is the version that is restored
        assert call("POST", "/rest_api/api/dags", json=workflow).status_code in {200, 201}
    session.query(DagModel).filter_by(dag_id="dry").update({"last_parsed_time": None})
    job = Job(state="running", job_type="LocalTaskJob")
    job.latest_heartbeat = timezone.utcnow()
    session.add(job)
    session.commit()
    dag_runs.new_run(dag, session, {"first": "success", "second": "failed", "third": "running"})
    process = {"job_id": job.id, "hostname": "worker-1", "pid": 4711}
    dag_runs.put_states("doors", {"third": "running"}, session, **process)
    table = Job.__table__
    yield
    session.execute(table.update().where(table.c.id == job.id).values(state="success", end_date=timezone.utcnow()))
    session.commit()
    call("DELETE", "/rest_api/api/dags/dry")
    session.execute(version_rows.TABLE.delete())  # so that the first version is that of the next test
    session.commit()


def content(value: Any) -> Any:
    """Return a value of a row; psycopg2 has another memoryview of the same bytes each time."""
    return bytes(value) if isinstance(value, memoryview) else value


def everything(session, home: Path) -> dict[str, Any]:
    """Return all rows of all tables of the database, and all files of the dags and of the definitions."""
    from airflow.configuration import conf

    session.rollback()
    names = inspect(session.get_bind()).get_table_names()
    everything_of = select(text("*"))
    rows = {
        name: sorted(repr(tuple(map(content, row))) for row in session.execute(everything_of.select_from(table(name))))
        for name in names
    }
    assert len(rows) > 40
    session.rollback()
    folders = [Path(conf.get("core", "dags_folder")), home]
    files = {
        str(path): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in {".json", ".py", ".lock"}
    }
    return {**rows, "files": files}


def test_every_operation_with_a_dry_run_is_walked():
    """The table of calls has each operation of the specification that takes dry_run."""
    assert set(WITH_DRY_RUN) == set(CALLS)
    changes = {
        operation.operation_id
        for operation in operations.operations().values()
        if operation.tag not in {"security", "oldDoor"} and operation.changes_state
    }
    assert changes - {"validate_dag"} == set(CALLS)  # which is a POST, and changes nothing as it is


@pytest.mark.parametrize("operation", CALLS)
def test_a_dry_run_writes_nothing_and_answers_what_the_real_call_does(call, run, session, home, operation):
    """Database and files are all as before, at both doors; the real call then does it and answers the same."""
    asked = CALLS[operation]
    before = everything(session, home)
    planned = asked.typed(call, dry_run=True)
    assert (planned.status_code, planned.json["dry_run"]) == (200, True)
    if asked.query is not None:
        in_old_words = asked.old(call, operation, dry_run=True)
        assert (in_old_words.status_code, in_old_words.json["dry_run"]) == (200, True)
        assert in_old_words.json.get("task_instances") == planned.json.get("task_instances")
    assert everything(session, home) == before

    done = asked.typed(call, dry_run=False)
    assert done.status_code in {200, 201, 202}
    assert everything(session, home) != before
    left_out = {*OF_THE_MOMENT, "dry_run", "changes", "state" if operation in DEPLOYS else ""}
    only_planned = {"task_instances"} if operation == "trigger_dag" else set()
    assert without(left_out, done.json) == without(left_out | only_planned, planned.json)


def without(names: set[str], value: Any) -> Any:
    """Return a body without these keys, in the objects inside it too."""
    if isinstance(value, dict):
        return {name: without(names, item) for name, item in value.items() if name not in names}
    return [without(names, item) for item in value] if isinstance(value, list) else value


STOPS = {"kill_running_tasks": "failed", "skip_task_instance": "skipped", "succeed_task_instance": "success"}


@pytest.mark.parametrize("operation", STOPS)
def test_a_dry_run_names_the_processes_that_would_have_to_end(call, run, operation):
    """It does not wait for them, however long it is told to."""
    answer = call("POST", f"/rest_api/api{CALLS[operation].path}?dry_run=true&wait=100")
    (process,) = answer.json["still_running"]
    assert (process["task_id"], process["hostname"], process["pid"]) == ("third", "worker-1", 4711)
    assert [(each["state_before"], each["state_after"]) for each in answer.json["task_instances"]] == [
        ("running", STOPS[operation])
    ]


def test_what_a_refresh_would_repair_is_listed(call, run):
    """At the old door too, in that one's words."""
    planned = call("POST", "/rest_api/api/dags/refresh?dry_run=true").json
    assert planned == {
        "refreshed": 1,
        "repaired": ["dry"],
        "requested": planned["requested"],
        "failed": [],
        "dry_run": True,
    }
    old = call("GET", "/rest_api/api?api=refresh_all_dags&dry_run=true").json
    assert old == {"message": "All DAGs would then be up to date", **planned, "status": "success"}


def test_what_a_trigger_would_create_is_listed(call, run):
    """The run as it would be, queued, with the task instances that it would begin with."""
    body = {"run_id": "new", "conf": {"a": 1}, "note": "by hand", "logical_date": "2026-02-01T12:00:00Z"}
    answer = call("POST", "/rest_api/api/dags/doors/dagRuns?dry_run=true", json=body)
    nothing = {
        "map_index": -1,
        "state_before": None,
        "state_after": None,
        "job_id": None,
        "hostname": None,
        "pid": None,
    }
    assert (answer.status_code, answer.json) == (
        200,
        {
            "dag_id": "doors",
            "run_id": "new",
            "state": "queued",
            "run_type": "manual",
            "external_trigger": True,
            "logical_date": "2026-02-01T12:00:00.000000Z",
            "queued_at": None,
            "start_date": None,
            "end_date": None,
            "data_interval_start": "2026-02-01T12:00:00.000000Z",
            "data_interval_end": "2026-02-01T12:00:00.000000Z",
            "conf": {"a": 1},
            "note": "by hand",
            "is_paused": False,
            "dry_run": True,
            "task_instances": [{"task_id": task_id, **nothing} for task_id in ("first", "second", "third")],
        },
    )
    old = call("POST", "/rest_api/api?api=trigger_dag&dry_run=true", json={"workflow_name": "doors", "run_id": "new"})
    assert old.json == {
        "message": "Workflow [doors] would be triggered as new",
        "dry_run": True,
        "task_instances": answer.json["task_instances"],
        "status": "success",
    }


def test_what_a_delete_would_take_is_counted(call, run):
    """The rows are counted, and the same number is deleted then."""
    planned = call("GET", "/rest_api/api?api=delete_dag&dag_id=dry&dry_run=true").json
    rows = planned["deleted_rows"]
    assert planned == {
        "message": "DAG [dry] would be deleted",
        "dry_run": True,
        "deleted_rows": rows,
        "status": "success",
    }
    assert rows > 3
    assert call("DELETE", "/rest_api/api/dags/dry").json == {"dag_id": "dry", "deleted_rows": rows, "dry_run": False}


FAULTS = [
    ("trigger_dag", {}, {"run_id": "manual__1"}, "/dags/doors/dagRuns"),
    ("trigger_dag", {}, {"conf": []}, "/dags/doors/dagRuns"),
    ("trigger_dag", {}, {"note": "x" * 1001}, "/dags/doors/dagRuns"),
    ("trigger_dag", {}, None, "/dags/ghost/dagRuns"),
    ("run_task_instance", {}, {"task_ids": ["ghost"]}, "/dags/doors/dagRuns/partial"),
    ("run_task_instance", {}, {"task_ids": ["first"], "run_id": "manual__1"}, "/dags/doors/dagRuns/partial"),
    ("restart_failed_task", {}, None, "/dags/doors/dagRuns/ghost/restart"),
    ("restart_failed_task", {}, None, "/dags/doors/dagRuns/manual__2/restart"),
    ("kill_running_tasks", {"map_index": "1"}, None, f"{RUN_PATH}/kill"),
    ("kill_running_tasks", {"task_id": "first"}, None, f"{RUN_PATH}/kill"),
    ("kill_running_tasks", {}, None, "/dags/doors/dagRuns/ghost/kill"),
    ("skip_task_instance", {}, None, f"{RUN_PATH}/taskInstances/first/skip"),
    ("skip_task_instance", {"map_index": "3"}, None, f"{RUN_PATH}/taskInstances/third/skip"),
    ("skip_task_instance", {}, None, "/dags/ghost/dagRuns/manual__1/taskInstances/first/skip"),
    ("succeed_task_instance", {}, None, f"{RUN_PATH}/taskInstances/ghost/succeed"),
    ("succeed_task_instance", {"map_index": "3"}, None, f"{RUN_PATH}/taskInstances/third/succeed"),
    ("restore_dag_version", {}, None, "/dags/dry/dagVersions/999999/restore"),
    ("patch_dag", {}, {"is_paused": True}, "/dags/ghost"),
    ("delete_dag", {}, None, "/dags/ghost"),
    ("delete_dag", {}, None, "/dags/doors"),
    ("delete_dag", {}, None, "/dags/dry"),
    ("deploy_dag", {}, {"workflow": {"name": "doors", "dag_config": {}}}, "/dags"),
]


@pytest.mark.parametrize(("operation", "query", "body", "path"), FAULTS)
def test_a_dry_run_is_refused_as_the_real_call(call, run, dag, session, home, operation, query, body, path):
    """With the same status, type and sentence; nothing is written."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    dag_runs.new_run(dag, session, {"first": "success"}, run_id="manual__2")
    if path == "/dags/dry":  # which is not deleted while a task runs
        call("POST", "/rest_api/api/dags/dry/dagRuns", json={"run_id": "busy"})
        of_dry = TaskInstance.__table__.c.dag_id == "dry"
        session.execute(TaskInstance.__table__.update().where(of_dry).values(state="running"))
        session.commit()
    before = everything(session, home)
    method = CALLS[operation].method
    planned = call(method, f"/rest_api/api{path}", query_string={**query, "dry_run": "true"}, json=body)
    assert everything(session, home) == before
    real = call(method, f"/rest_api/api{path}", query_string=query, json=body)
    assert (planned.status_code, planned.json) == (real.status_code, real.json)
    assert planned.status_code >= 400
    session.execute(DagRun.__table__.delete().where(DagRun.__table__.c.dag_id == "dry"))
    session.commit()


@pytest.mark.parametrize("operation", CALLS)
def test_a_dry_run_needs_the_same_permissions(call, run, operation):
    """Whoever may not do it may not ask what it would do."""
    asked = CALLS[operation]
    for user in ("viewer", None):
        doors = [asked.typed]
        if asked.query is not None:
            doors.append(lambda call, **more: asked.old(call, operation, **more))
        for door in doors:
            planned, real = (door(call, dry_run=dry_run, user=user) for dry_run in (True, False))
            assert planned.status_code == (403 if user else 401)
            assert (planned.status_code, planned.json) == (real.status_code, real.json)
