"""No argument is dropped in silence: each operation heeds or refuses each argument that any operation has.

What there is to walk is read from the specification, so that a new operation, or a new argument, is walked too.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from openmetadata_airflow_apis.api import operations
from openmetadata_airflow_apis.stores import version_rows
from support import dag_runs, stores
from support.parsing import parses_that_fail
from support.versions import asked_for, forget_requests

RUN = {"dag_id": "mapped", "run_id": "manual__1"}
RUN_PATH = "/dags/mapped/dagRuns/manual__1"
DOCUMENT = operations.document()


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The component that a reference stands for."""
    if "$ref" in node:
        kind, name = node["$ref"].split("/")[-2:]
        return DOCUMENT["components"][kind][name]
    return node


class Written:
    """An operation as it is written in the specification: what it takes, and where."""

    def __init__(self, path: str, item: dict[str, Any], method: str) -> None:
        operation = item[method]
        self.name = operation["operationId"]
        self.path = path
        self.method = method.upper()
        self.tag = operation["tags"][0]
        self.old_door = operation.get("x-old-door")
        parameters = [resolved(each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        self.in_path = [each["name"] for each in parameters if each["in"] == "path"]
        self.in_query = [each["name"] for each in parameters if each["in"] == "query"]
        self.body: dict[str, Any] | None = None
        self.keys: list[str] = []
        self.inner_keys: list[str] = []
        if "requestBody" in operation:
            self.body = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
            self.keys = list(self.body["properties"])
            self.inner_keys = [
                key for each in self.body["properties"].values() for key in resolved(each).get("properties", ())
            ]

    def example_path(self) -> str:
        """Its path, for the run of `mapped`."""
        return self.path.format(
            dag_id="mapped",
            run_id="manual__1",
            task_id="each",
            problem_type="dag-exists",
            version_number=1,
            bundle_name="none",
        )

    def at_the_old_door(self) -> set[str]:
        """Every name of an argument that it takes at the old door."""
        own = {*self.old_door["arguments"], *self.old_door.get("names", {}), *self.in_path, *self.in_query}
        return own if self.old_door.get("whole_body") else own | set(self.keys)


WRITTEN = [
    Written(path, item, method)
    for path, item in DOCUMENT["paths"].items()
    for method in item
    if method in {"get", "post", "put", "patch", "delete"}
]
TYPED = [each for each in WRITTEN if each.tag not in {"security", "oldDoor"}]
OLD = [each for each in WRITTEN if each.old_door]
ARGUMENTS = sorted(
    {name for each in TYPED for name in (*each.in_path, *each.in_query, *each.keys, *each.inner_keys)}
    | {name for each in OLD for name in each.at_the_old_door()}
)

# What a call needs to be understood at all.
NEEDED: dict[str, dict[str, Any]] = {
    "deploy_dag": {},
    "refresh_all_dags": {},
    "delete_dag": {"dag_id": "mapped"},
    "dag_state": RUN,
    "task_instance_detail": {**RUN, "task_id": "each"},
    "restart_failed_task": RUN,
    "restart_dag_runs": {"dag_id": "mapped", "run_ids": "manual__1"},
    "kill_running_tasks": RUN,
    "kill_dag_runs": {"dag_id": "mapped", "run_ids": "manual__1"},
    "run_task_instance": {"dag_id": "mapped", "run_id": "partial", "tasks": "first"},
    "skip_task_instance": {**RUN, "task_id": "each"},
    "succeed_task_instance": {**RUN, "task_id": "each"},
    "trigger_dag": {"workflow_name": "mapped", "run_id": "triggered"},
}
WORKFLOW = {
    "workflow": {
        "name": "argued",
        "dag_config": {
            "argued": {
                "default_args": {"owner": "ann", "start_date": "2024-01-01"},
                "schedule": None,
                "tasks": {"first": {"operator": "airflow.operators.empty.EmptyOperator"}},
            }
        },
    }
}


@pytest.fixture
def dag(session):
    """The DAG `mapped`: first, then a task `each` of three instances, of which one has failed, in a run that failed."""
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator

    dag = dag_runs.new_dag("mapped")
    with dag:
        EmptyOperator(task_id="first") >> BashOperator.partial(task_id="each").expand(bash_command=["a", "b", "c"])
    dag_runs.store(dag, session)
    states = {"first": "success", ("each", 0): "failed", ("each", 1): "queued", ("each", 2): "queued"}
    dag_runs.new_run(dag, session, states, run_state="running")
    return dag


def states(session, run_id: str = "manual__1") -> dict[Any, str | None]:
    """The run's states by task_id, those of mapped ones by task_id and index."""
    return dag_runs.states("mapped", session, run_id)


AS_THEY_WERE = {"first": "success", ("each", 0): "failed", ("each", 1): "queued", ("each", 2): "queued"}


@pytest.mark.parametrize("name", [each.name for each in OLD])
def test_an_argument_that_only_others_have_is_refused_at_the_old_door(call, dag, session, name):
    """What would narrow the operation, and is not known to it, is 400 in query, JSON and form; nothing is done."""
    written = next(each for each in OLD if each.name == name)
    method = "POST" if "POST" in written.old_door["methods"] else "GET"
    query = {"api": name, **NEEDED[name]}
    for argument in sorted(set(ARGUMENTS) - written.at_the_old_door()):
        more = {argument: "nope"}
        if written.old_door.get("whole_body"):
            answers = [call(method, "/rest_api/api", query_string={**query, **more}, json=WORKFLOW)]
        else:
            answers = [
                call(method, "/rest_api/api", query_string={**query, **more}),
                call(method, "/rest_api/api", query_string=query, json=more),
                call(method, "/rest_api/api", query_string=query, data=more),
            ]
        for answer in answers:
            assert answer.status_code == 400
            assert re.match(rf"The argument '{argument}' .*\b{name}\b", answer.json["error"])
    assert states(session) == AS_THEY_WERE
    assert call("GET", "/rest_api/api/dags/mapped/dagRuns").json["total_entries"] == 1


@pytest.mark.parametrize("name", sorted(set(NEEDED) - {"deploy_dag", "delete_dag"}))
def test_an_empty_argument_is_none(call, dag, name):
    """A form's empty fields are not refused: nobody has filled them in."""
    written = next(each for each in OLD if each.name == name)
    method = "POST" if "POST" in written.old_door["methods"] else "GET"
    empty = dict.fromkeys(set(ARGUMENTS) - set(NEEDED[name]), "")
    answer = call(method, "/rest_api/api", query_string={"api": name, **empty, **NEEDED[name]})
    assert (answer.status_code, answer.json["status"]) == (200, "success")


@pytest.mark.parametrize("name", [each.name for each in TYPED if each.name != "health"])  # a probe may add anything
def test_an_argument_that_only_others_have_is_refused_in_the_query_of_the_typed_door(call, dag, session, name):
    """So it is in a query at the typed door, where the known ones are named."""
    written = next(each for each in TYPED if each.name == name)
    for argument in sorted(set(ARGUMENTS) - set(written.in_query)):
        body = None if written.body is None else {}
        answer = call(written.method, written.example_path(), query_string={argument: "nope"}, json=body)
        assert answer.status_code == 400
        in_body = written.body is not None and argument in written.keys
        reason = "belongs into the JSON body, not into the query string" if in_body else "is not known here"
        assert answer.json["detail"].startswith(f"The argument '{argument}' {reason}")
    assert states(session) == AS_THEY_WERE


@pytest.mark.parametrize("name", [each.name for each in TYPED])
def test_an_argument_that_only_others_have_is_refused_in_the_body_of_the_typed_door(call, dag, session, name):
    """So it is in a JSON body, also where the operation has none: `kill` with a task_id in a body kills nothing."""
    written = next(each for each in TYPED if each.name == name)
    # The flat body of the 0.1 releases has these at its top.
    flat = {"name", "tasks"} if name in {"deploy_dag", "validate_dag"} else set()
    for argument in sorted(set(ARGUMENTS) - set(written.keys) - flat):
        answer = call(written.method, written.example_path(), json={argument: "nope"})
        assert answer.status_code == 400
        assert "takes no body" in answer.json["detail"] or any(
            f"'{argument}'" in fault["detail"] for fault in answer.json["errors"]
        )
    assert states(session) == AS_THEY_WERE


def deploys_nothing(old_door, session):
    status, body = old_door("deploy_dag", method="POST", json=WORKFLOW, dry_run="true")
    assert body.pop("changes")["tasks_added"] == ["first"]
    assert (status, body) == (
        200,
        {"message": "Workflow [argued] would be created", "dry_run": True, "status": "success"},
    )
    assert old_door("deploy_dag", method="POST", json=WORKFLOW, dry_run="yes please")[0] == 400


def keeps_the_comment(old_door, session):
    workflow = {"workflow": {**WORKFLOW["workflow"], "force": True}}
    assert old_door("deploy_dag", method="POST", json=workflow, comment="What for")[0] == 200
    versions, _ = version_rows.page("argued", limit=1, offset=0, oldest_first=False, session=session)
    assert versions[0].comment == "What for"
    assert old_door("delete_dag", dag_id="argued")[0] == 200


def takes_a_failed_import_back(old_door, session):
    status, body = old_door("deploy_dag", method="POST", json=WORKFLOW, on_import_error="restore")
    assert (status, body) == (
        400,
        {"error": "The argument 'on_import_error' is 'restore', and nothing is waited for; give wait too, such as 60"},
    )
    assert old_door("dag_state", dag_id="argued", run_id="none")[0] == 400  # the DAG is not there
    with parses_that_fail("argued", "boom.py, line 1: no such thing"):
        status, body = old_door("deploy_dag", method="POST", json=WORKFLOW, wait="20", on_import_error="restore")
    assert (status, body) == (
        409,
        {
            "error": "The file of the DAG `argued` does not import (boom.py, line 1: no such thing); "
            "the DAG was not deployed before, so that it is deleted again"
        },
    )


def waits_for_some_nodes(old_door, session):
    # Refused before anything is deployed, by both stores or by the one whose nodes share their files.
    status, body = old_door("deploy_dag", method="POST", json=WORKFLOW, wait_for_nodes="2")
    assert (status, body["error"][:34]) == (400, "The argument 'wait_for_nodes' is 2")
    assert old_door("dag_state", dag_id="argued", run_id="none")[0] == 400  # the DAG is not there
    status, body = old_door("deploy_dag", method="POST", json=WORKFLOW, wait="1", wait_for_nodes="2")
    if stores.STORE == "files":
        assert (status, body["error"][:34]) == (400, "The argument 'wait_for_nodes' is 2")
        return
    assert (status, body["state"]) == (200, "pending")
    assert old_door("delete_dag", dag_id="argued")[0] == 200


def tells_of_the_parse(old_door, session):
    answer = old_door("deploy_dag", method="POST", json=WORKFLOW, wait="1")
    assert old_door("delete_dag", dag_id="argued")[0] == 200
    told = {"state": "pending", "import_error": None}  # there is no DAG processor here
    assert answer == (200, {"message": "Workflow [argued] has been created", **told, "status": "success"})


def detail_of_one_instance(old_door, session):
    states = [
        old_door("task_instance_detail", **RUN, task_id="each", map_index=str(n))[1].get("state") for n in range(3)
    ]
    assert states == ["failed", "queued", "queued"]
    assert old_door("task_instance_detail", **RUN, task_id="each", map_index="7") == (
        404,
        {"error": "dag task is not found"},
    )
    assert old_door("task_instance_detail", **RUN, task_id="each", map_index="one") == (
        400,
        {"error": "The argument 'map_index' is 'one'; give a whole number"},
    )


def restarts_nothing(old_door, session):
    status, body = old_door("restart_failed_task", **RUN, dry_run="true")
    assert (status, body["failed_task_count"], body["dry_run"], len(body["task_instances"])) == (200, 1, True, 1)
    assert states(session) == AS_THEY_WERE


def restarts(counts, **choice):
    """A restart of chosen tasks, with how many of them had failed and how many are cleared."""

    def restart(old_door, session):
        dag_runs.put_states("mapped", {("each", 1): "failed", ("each", 2): "success"}, session)
        failed, cleared = counts
        body = {"failed_task_count": failed, "clear_task_count": cleared, "status": "success"}
        assert old_door("restart_failed_task", **RUN, **choice) == (200, body)

    return restart


def plans(operation, **more):
    """The dry run of an operation that touches task instances of a run, and leaves them."""

    def plan(old_door, session):
        status, body = old_door(operation, **RUN, **more, dry_run="true")
        assert (status, sorted(body)) == (200, ["dry_run", "status", "task_instances"])
        assert (body["dry_run"], len(body["task_instances"])) == (True, 2 if operation == "kill_running_tasks" else 3)
        assert states(session) == AS_THEY_WERE

    return plan


def triggers_nothing(old_door, session):
    status, body = old_door("trigger_dag", method="POST", json=NEEDED["trigger_dag"], dry_run="true")
    assert (status, body["message"], body["dry_run"]) == (
        200,
        "Workflow [mapped] would be triggered as triggered",
        True,
    )
    assert len(body["task_instances"]) == 4
    assert old_door("dag_state", dag_id="mapped", run_id="triggered")[0] == 404


def refreshes_nothing(old_door, session) -> None:
    """A dry run of a refresh counts what it would do; the parse of no file is asked for."""
    forget_requests(session)
    _, body = old_door("refresh_all_dags", dry_run="true")
    assert (body["message"], body["dry_run"]) == ("All DAGs would then be up to date", True)
    assert asked_for(session) == []


def deletes_nothing(old_door, session):
    old_door("deploy_dag", method="POST", json=WORKFLOW)
    status, body = old_door("delete_dag", dag_id="argued", dry_run="true")
    assert (status, body["message"], body["dry_run"]) == (200, "DAG [argued] would be deleted", True)
    assert old_door("delete_dag", dag_id="argued") == (200, {"message": "DAG [argued] deleted", "status": "success"})


def kills_one_instance(old_door, session):
    assert old_door("kill_running_tasks", **RUN, task_id="each", map_index="1") == (200, {"status": "success"})
    assert states(session) == {**AS_THEY_WERE, ("each", 1): "failed"}


def says_what_still_runs(operation, **more):
    def says(old_door, session):
        assert old_door(operation, **RUN, **more, wait="1") == (200, {"still_running": [], "status": "success"})
        assert old_door(operation, **RUN, **more, wait="121")[0] == 400

    return says


def skips_one_instance(old_door, session):
    assert old_door("skip_task_instance", **RUN, task_id="each", map_index="1") == (200, {"status": "success"})
    assert states(session) == {**AS_THEY_WERE, ("each", 1): "skipped"}


def succeeds_one_instance(old_door, session):
    assert old_door("succeed_task_instance", **RUN, task_id="each", map_index="0") == (200, {"status": "success"})
    assert states(session) == {**AS_THEY_WERE, ("each", 0): "success"}


PARTIAL = {"dag_id": "mapped", "run_id": "partial"}


def runs_nothing(old_door, session):
    status, body = old_door("run_task_instance", method="POST", form={**PARTIAL, "tasks": "first", "dry_run": "true"})
    assert (status, body["dry_run"], sorted(body)) == (
        200,
        True,
        ["dry_run", "execution_date", "status", "task_instances"],
    )
    assert old_door("dag_state", **PARTIAL)[0] == 404


def runs_the_tasks(name, value):
    def runs(old_door, session):
        assert old_door("run_task_instance", method="POST", json={**PARTIAL, name: value})[0] == 200
        assert states(session, "partial")["first"] == "success"

    return runs


def runs_with_conf(value):
    def runs(old_door, session):
        body = {**PARTIAL, "tasks": "first", "conf": value}
        assert old_door("run_task_instance", method="POST", json=body)[0] == 200
        assert dag_runs.run_row("mapped", session, "partial").conf == {"day": "2024-05-01"}

    return runs


def triggers(more, column, expected):
    """A trigger with more in its JSON body, and the column of the run that this is about."""

    def trigger(old_door, session):
        body = {"workflow_name": "mapped", "run_id": "triggered", **more}
        assert old_door("trigger_dag", method="POST", json=body)[0] == 200
        row = dag_runs.run_row("mapped", session, "triggered")
        found = getattr(row, column)
        assert (found.isoformat() if hasattr(found, "isoformat") else found) == expected

    return trigger


def triggers_with_a_note(old_door, session):
    body = {"workflow_name": "mapped", "run_id": "triggered", "note": "from the catalogue"}
    assert old_door("trigger_dag", method="POST", json=body)[0] == 200
    from airflow.models.dagrun import DagRunNote
    from sqlalchemy import select

    notes = session.scalars(select(DagRunNote.content)).all()
    assert "from the catalogue" in notes


def changes_chosen_runs(operation, chosen, fits_none):
    """A change of the runs that an argument chooses, and a refusal where it chooses none."""

    def change(old_door, session):
        if fits_none is not None:
            assert old_door(operation, method="POST", dag_id="mapped", **fits_none)[0] == 404
            assert states(session) == AS_THEY_WERE
        status, body = old_door(operation, method="POST", dag_id="mapped", **chosen)
        assert (status, body["run_ids"], body["untouched"], body["status"]) == (200, ["manual__1"], [], "success")
        assert (states(session) == AS_THEY_WERE) == ("dry_run" in chosen)
        assert body.get("dry_run", False) == ("dry_run" in chosen)
        assert [run["run_id"] for run in body.get("dag_runs", ())] == (
            ["manual__1"] if {"dry_run", "wait"} & set(chosen) else []
        )

    return change


CHOICES = {
    "run_ids": ({"run_ids": "manual__1"}, {"run_ids": "nope"}),
    "states": ({"states": "running,queued"}, {"states": "success"}),
    "logical_date_gte": ({"logical_date_gte": "2026-01-02T00:00:00Z"}, {"logical_date_gte": "2026-01-03T00:00:00Z"}),
    "logical_date_lte": (
        {"logical_date_lte": "2026-01-02T01:00:00+01:00"},
        {"logical_date_lte": "2026-01-01T12:00:00Z"},
    ),
    "dry_run": ({"run_ids": "manual__1", "dry_run": "true"}, None),
    "wait": ({"run_ids": "manual__1", "wait": "1"}, None),
}


def says_whether_it_has_ended(operation, keys, **arguments):
    """A call that waits for the end of a run, for a second, where there is no scheduler; keys: of its whole answer."""

    def waits(old_door, session):
        status, body = old_door(operation, method="POST", json={**arguments, "wait": 1})
        assert (status, sorted(body), body["has_ended"]) == (200, keys, False)
        assert old_door(operation, method="POST", json={**arguments, "wait": "long"})[0] == 400

    return waits


CONF = {"day": "2024-05-01"}
DAY = "2026-05-01T00:00:00+00:00"

HEEDED = {
    ("deploy_dag", "dry_run"): deploys_nothing,
    ("deploy_dag", "wait"): tells_of_the_parse,
    ("deploy_dag", "wait_for_nodes"): waits_for_some_nodes,
    ("deploy_dag", "comment"): keeps_the_comment,
    ("deploy_dag", "on_import_error"): takes_a_failed_import_back,
    ("task_instance_detail", "map_index"): detail_of_one_instance,
    ("restart_failed_task", "dry_run"): restarts_nothing,
    ("restart_failed_task", "task_ids"): restarts((2, 2), task_ids="each"),
    ("restart_failed_task", "map_index"): restarts((1, 1), task_ids="each", map_index="1"),
    ("restart_failed_task", "only_failed"): restarts((2, 3), task_ids="each", only_failed="false"),
    ("restart_failed_task", "include_downstream"): restarts(
        (0, 1), task_ids="first", only_failed="false", include_downstream="false"
    ),
    ("kill_running_tasks", "dry_run"): plans("kill_running_tasks"),
    ("kill_running_tasks", "task_id"): kills_one_instance,
    ("kill_running_tasks", "map_index"): kills_one_instance,
    ("kill_running_tasks", "wait"): says_what_still_runs("kill_running_tasks"),
    ("skip_task_instance", "dry_run"): plans("skip_task_instance", task_id="each"),
    ("skip_task_instance", "map_index"): skips_one_instance,
    ("skip_task_instance", "wait"): says_what_still_runs("skip_task_instance", task_id="each"),
    ("succeed_task_instance", "dry_run"): plans("succeed_task_instance", task_id="each"),
    ("succeed_task_instance", "map_index"): succeeds_one_instance,
    ("succeed_task_instance", "wait"): says_what_still_runs("succeed_task_instance", task_id="each"),
    ("run_task_instance", "dry_run"): runs_nothing,
    ("run_task_instance", "task_ids"): runs_the_tasks("task_ids", ["each"]),
    ("run_task_instance", "conf"): runs_with_conf(CONF),
    ("trigger_dag", "dag_id"): triggers({"dag_id": "mapped"}, "dag_id", "mapped"),
    ("trigger_dag", "run_id"): triggers({}, "run_id", "triggered"),
    ("trigger_dag", "conf"): triggers({"conf": CONF}, "conf", CONF),
    ("trigger_dag", "logical_date"): triggers({"logical_date": DAY}, "execution_date", DAY),
    ("trigger_dag", "execution_date"): triggers({"execution_date": DAY}, "execution_date", DAY),
    ("trigger_dag", "note"): triggers_with_a_note,
    ("trigger_dag", "dry_run"): triggers_nothing,
    ("trigger_dag", "wait"): says_whether_it_has_ended(
        "trigger_dag", ["has_ended", "message", "state", "status"], **NEEDED["trigger_dag"]
    ),
    ("run_task_instance", "wait"): says_whether_it_has_ended(
        "run_task_instance", ["execution_date", "has_ended", "state", "status"], **PARTIAL, tasks="first"
    ),
    ("dag_state", "wait"): says_whether_it_has_ended(
        "dag_state", ["endDate", "has_ended", "startDate", "state", "status"], **RUN
    ),
    ("delete_dag", "dry_run"): deletes_nothing,
    ("refresh_all_dags", "dry_run"): refreshes_nothing,
    **{
        (operation, argument): changes_chosen_runs(operation, *choice)
        for operation in ("restart_dag_runs", "kill_dag_runs")
        for argument, choice in CHOICES.items()
        if (operation, argument) != ("restart_dag_runs", "wait")
    },
}


def test_every_argument_that_is_heeded_has_its_proof():
    """Each argument of each operation is required there, or stands in the table of what it does."""
    heeded = {
        (each.name, argument)
        for each in OLD
        for argument in each.at_the_old_door()
        if argument not in each.old_door["arguments"]
    }
    assert heeded == set(HEEDED)


@pytest.mark.parametrize(("name", "argument"), HEEDED)
def test_an_argument_that_the_operation_has_is_heeded_at_the_old_door(old_door, dag, session, name, argument):
    """It does what it does at the typed door."""
    HEEDED[name, argument](old_door, session)


def test_a_configuration_may_be_text_as_in_a_form(old_door, dag, session):
    """conf is JSON in a form's text, for a trigger as for a partial run."""
    runs_with_conf(json.dumps(CONF))(old_door, session)
    triggers({"conf": json.dumps(CONF)}, "conf", CONF)(old_door, session)


@pytest.mark.parametrize(
    "query",
    [
        "task_ids=first,each",
        "task_ids=first&task_ids=each",
        "task_ids=%20first%20,%20each,",
        'task_ids=["first","each"]',
    ],
)
def test_a_list_is_split_by_commas_or_given_several_times(call, dag, session, query):
    """In a query and in a form alike; text that begins as JSON is JSON, and in JSON it is a list."""
    rest = "api=restart_failed_task&dag_id=mapped&run_id=manual__1&only_failed=false&dry_run=true"
    form = "application/x-www-form-urlencoded"
    in_query = call("GET", f"/rest_api/api?{rest}&{query}")
    in_form = call("POST", f"/rest_api/api?{rest}", data=query, content_type=form)
    in_json = call("POST", f"/rest_api/api?{rest}", json={"task_ids": ["first", "each"]})
    for answer in (in_query, in_form, in_json):
        assert (answer.status_code, answer.json["clear_task_count"]) == (200, 4)
    partial = call("POST", "/rest_api/api?api=run_task_instance&dag_id=mapped&run_id=p&tasks=first&tasks=each")
    assert partial.status_code == 200
    assert dag_runs.states("mapped", session, "p")["first"] is None


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"task_ids": "[1]"}, "The argument 'task_ids' is the number 1; give a text"),
        ({"task_ids": ","}, "The argument(s) ['task_ids'] are required"),
        ({"only_failed": "perhaps"}, "The argument 'only_failed' is 'perhaps'; give true or false"),
        (
            {"map_index": "1"},
            "The argument 'map_index' says which instance of a task, and no task_ids say of which; give both",
        ),
    ],
)
def test_a_choice_that_cannot_be_read_is_named(old_door, dag, session, choice, error):
    """Nothing is restarted."""
    assert old_door("restart_failed_task", **RUN, **choice) == (400, {"error": error})
    assert states(session) == AS_THEY_WERE


def test_a_date_whose_plus_was_not_encoded_is_understood(call, dag, session):
    """As a run_id's, which curl sends with a space in its place."""
    answer = call(
        "POST", "/rest_api/api?api=trigger_dag&workflow_name=mapped&run_id=t&logical_date=2026-05-01T02:00:00+02:00"
    )
    assert answer.status_code == 200
    assert dag_runs.run_row("mapped", session, "t").execution_date.isoformat() == DAY


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (
            {"logical_date": "yesterday"},
            "The argument 'logical_date' cannot be used: 'yesterday' is not a date-time such as 2024-01-31T12:00:00Z",
        ),
        ({"conf": "[1]"}, "The argument 'conf' is [1]; give a JSON object"),
        ({"note": 5}, "The argument 'note' is 5; give a string"),
        ({"note": "x" * 1001}, "The argument 'note' is longer than 1000 characters"),
        ({"run_id": "x" * 251}, "The argument 'run_id' is longer than 250 characters"),
        (
            {"dag_id": "other"},
            "The argument 'dag_id' and 'workflow_name' are one, and have two values; give one of them",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_named(old_door, dag, more, error):
    """The argument is named as it was sent, with what would be right; no run is created."""
    body = {"workflow_name": "mapped", **more}
    assert old_door("trigger_dag", method="POST", json=body) == (400, {"error": error})


def test_an_argument_given_twice_is_refused_at_both_doors(call, dag, session):
    """Which of two values is meant cannot be known."""
    twice = "The argument 'map_index' is given more than once, with different values; give it once"
    query = "map_index=0&map_index=1"
    old = call("GET", f"/rest_api/api?api=kill_running_tasks&dag_id=mapped&run_id=manual__1&task_id=each&{query}")
    typed = call("POST", f"/rest_api/api{RUN_PATH}/kill?task_id=each&{query}")
    assert [(old.status_code, old.json["error"]), (typed.status_code, typed.json["detail"])] == [(400, twice)] * 2
    assert states(session) == AS_THEY_WERE


def test_the_index_of_no_task_kills_nothing(old_door, typed_door, dag, session):
    """map_index without task_id is refused at both doors: it would be every task of the run."""
    sentence = "The argument 'map_index' says which instance of a task, and no task_id says of which; give both"
    assert old_door("kill_running_tasks", **RUN, map_index="1") == (400, {"error": sentence})
    assert typed_door("POST", f"{RUN_PATH}/kill?map_index=1")[1]["detail"] == sentence
    assert states(session) == AS_THEY_WERE


def test_an_argument_sent_as_a_file_is_refused(call, dag):
    """curl's -F 'conf=@file' sends a file, which the older plugin did not read either."""
    from io import BytesIO

    form = {"dag_id": "mapped", "run_id": "p", "tasks": "first", "conf": (BytesIO(b"{}"), "conf.json")}
    answer = call("POST", "/rest_api/api?api=run_task_instance", data=form)
    assert (answer.status_code, answer.json) == (
        400,
        {"error": "The argument 'conf' came as a file; send it as text (with curl, -F 'NAME=<FILE')"},
    )
